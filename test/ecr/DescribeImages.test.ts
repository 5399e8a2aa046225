import { DescribeImagesCommand, type DescribeImagesCommandInput, type ImageDetail } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { buildImage, buildIndex, layerOf } from '../support/images.ts';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { describePaging, pagesOf } from './support/paging.ts';
import { AT_LEAST, AT_MOST, refusalOf, repositoryNotFound, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const A = imageNamed('a');
const B = imageNamed('b');
const C = imageNamed('c');
const unknown = `sha256:${'0'.repeat(64)}`;
const ORDERED = [C, B, A].map(({ digest }) => digest);

async function describeIn(
  repository: TestRepository,
  input: Partial<DescribeImagesCommandInput> = {},
): Promise<ImageDetail[]> {
  const { imageDetails } = await client.send(new DescribeImagesCommand({ ...repository.named, ...input }));
  return imageDetails ?? [];
}

const digestsOf = (details: readonly ImageDetail[]) => details.map(({ imageDigest }) => imageDigest);

const listed = await freshRepository(client);
await listed.push(A, 'a1', 'a2');
await listed.push(B, 'b');
await listed.push(C);

describe('DescribeImages', () => {
  it('answers what it knows of an image, to the byte', async () => {
    const repository = await freshRepository(client);
    server.clock.advance(1);
    await repository.push(A, 'v1', 'latest');
    const [config, layer] = A.blobs.map(({ bytes }) => bytes.byteLength);
    const answer = await server.call('DescribeImages', { repositoryName: repository.name });
    expect(answer.body).toBe(
      `{"imageDetails":[{"artifactMediaType":"application/vnd.oci.image.config.v1+json","imageDigest":"${A.digest}",` +
        `"imageManifestMediaType":"application/vnd.oci.image.manifest.v1+json","imagePushedAt":${server.clock.now() / 1000},` +
        `"imageSizeInBytes":${Number(config) + Number(layer)},"imageStatus":"ACTIVE","imageTags":["v1","latest"],` +
        `"registryId":"${ACCOUNT}","repositoryName":"${repository.name}"}]}`,
    );
  });

  it('has no imageTags for an untagged image, and none of the members that nothing fills', async () => {
    const repository = await freshRepository(client);
    await repository.push(A);
    const [detail] = await describeIn(repository);
    expect(Object.keys(detail ?? {}).sort()).toEqual([
      'artifactMediaType',
      'imageDigest',
      'imageManifestMediaType',
      'imagePushedAt',
      'imageSizeInBytes',
      'imageStatus',
      'registryId',
      'repositoryName',
    ]);
  });

  it('gives an index the size of the largest image in it, and no artifactMediaType', async () => {
    const repository = await freshRepository(client);
    const large = buildImage('large', { layers: [layerOf('a layer'), layerOf('x'.repeat(50_000))] });
    const index = buildIndex([A, large]);
    await repository.push(index);
    await repository.push(buildIndex([index], { annotations: { name: 'nested' } }), 'nested');
    const size = large.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const [described] = await describeIn(repository, { imageIds: [{ imageDigest: index.digest }] });
    expect(described).toMatchObject({
      imageSizeInBytes: size,
      imageManifestMediaType: 'application/vnd.oci.image.index.v1+json',
    });
    expect(described).not.toHaveProperty('artifactMediaType');
    expect(await describeIn(repository, { imageIds: [{ imageTag: 'nested' }] })).toMatchObject([
      { imageSizeInBytes: size },
    ]);
  });

  it('names the subject of a referrer', async () => {
    const repository = await freshRepository(client);
    await repository.push(imageNamed('signature', { subject: A, artifactType: 'application/x-signature' }), 's');
    expect(await describeIn(repository)).toMatchObject([{ subjectManifestDigest: A.digest }]);
  });

  it('counts a layer once that a manifest names twice', async () => {
    const repository = await freshRepository(client);
    const layer = layerOf('twice');
    const image = buildImage('twice', { layers: [layer, layer] });
    await repository.push(image);
    const config = image.blobs[0]?.bytes.byteLength ?? 0;
    expect(await describeIn(repository)).toMatchObject([{ imageSizeInBytes: config + layer.bytes.byteLength }]);
  });
});

describe('the images named by imageIds', () => {
  it('come in the order of the request, each once', async () => {
    const details = await describeIn(listed, {
      imageIds: [
        { imageDigest: C.digest },
        { imageTag: 'b' },
        { imageTag: 'a2' },
        { imageDigest: A.digest, imageTag: 'a1' },
        { imageDigest: B.digest },
      ],
    });
    expect(digestsOf(details)).toEqual([C.digest, B.digest, A.digest]);
    expect(details[2]?.imageTags).toEqual(['a1', 'a2']);
  });

  it.each([
    [{ imageTag: 'absent' }, `{imageDigest:'null', imageTag:'absent'}`],
    [{ imageDigest: unknown }, `{imageDigest:'${unknown}', imageTag:'null'}`],
    [{ imageDigest: A.digest, imageTag: 'absent' }, `{imageDigest:'${A.digest}', imageTag:'absent'}`],
  ])('fail as a whole for %j', async (imageId, said) => {
    const call = describeIn(listed, { imageIds: [{ imageTag: 'b' }, imageId] });
    expect(await refusalOf(call)).toEqual({
      name: 'ImageNotFoundException',
      message: `The image with imageId ${said} does not exist within the repository with name '${listed.name}' in the registry with id '${ACCOUNT}'`,
    });
  });

  it.each([
    [{}, 'Invalid request parameters: both tag and digest cannot be null'],
    [
      { imageDigest: 'invalid' },
      "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    ],
    [{ imageTag: 'a b' }, "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'"],
    [
      { imageDigest: A.digest, imageTag: 'b' },
      'Invalid request parameters: given tag does not map to the given digest',
    ],
  ])('cannot be named by %j', async (imageId, message) => {
    const refusal = await refusalOf(describeIn(listed, { imageIds: [imageId] }));
    expect(refusal).toEqual({ name: 'InvalidParameterException', message });
  });

  it('go through the filter as well', async () => {
    const imageIds = [{ imageDigest: C.digest }, { imageTag: 'b' }];
    const filtered = async (filter: DescribeImagesCommandInput['filter']) =>
      digestsOf(await describeIn(listed, { imageIds, filter }));
    expect(await filtered({ tagStatus: 'TAGGED' })).toEqual([B.digest]);
    expect(await filtered({ tagStatus: 'UNTAGGED' })).toEqual([C.digest]);
    expect(await filtered({ imageStatus: 'ARCHIVED' })).toEqual([]);
  });

  it.each([{ maxResults: 10 }, { nextToken: 'x' }])('cannot be paged with %j', async (page) => {
    const [member = ''] = Object.keys(page);
    const call = describeIn(listed, { imageIds: [{ imageTag: 'b' }], ...page });
    expect(await refusalOf(call)).toEqual(violation(member, "Cannot be used together with 'imageIds'"));
  });

  it('can be 100', async () => {
    const details = await describeIn(listed, { imageIds: Array.from({ length: 100 }, () => ({ imageTag: 'b' })) });
    expect(details).toHaveLength(1);
  });
});

describe('the filter', () => {
  it.each([
    [undefined, ORDERED],
    [{}, ORDERED],
    [{ tagStatus: 'ANY' }, ORDERED],
    [{ tagStatus: 'TAGGED' }, ORDERED.filter((digest) => digest !== C.digest)],
    [{ tagStatus: 'UNTAGGED' }, [C.digest]],
    [{ imageStatus: 'ACTIVE' }, ORDERED],
    [{ imageStatus: 'ANY' }, ORDERED],
    [{ imageStatus: 'ARCHIVED' }, []],
    [{ imageStatus: 'ACTIVATING' }, []],
    [{ tagStatus: 'UNTAGGED', imageStatus: 'ANY' }, [C.digest]],
  ] as const)('%j lets through what it should', async (filter, digests) => {
    const answer = await client.send(new DescribeImagesCommand({ ...listed.named, filter }));
    expect(digestsOf(answer.imageDetails ?? [])).toEqual(digests);
    expect(answer.nextToken).toBeUndefined();
  });

  it('sees at once that an image lost its last tag to another, or gained one', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'latest');
    await repository.push(B, 'latest');
    const untagged = async () => digestsOf(await describeIn(repository, { filter: { tagStatus: 'UNTAGGED' } }));
    expect(await untagged()).toEqual([A.digest]);
    await repository.put(A, 'a');
    expect(await untagged()).toEqual([]);
  });

  it.each([
    [{ tagStatus: 'tagged' }, 'filter.tagStatus', 'TAGGED, UNTAGGED, ANY'],
    [{ imageStatus: 'DELETED' }, 'filter.imageStatus', 'ACTIVE, ARCHIVED, ACTIVATING, ANY'],
  ])('cannot be %j', async (filter, parameter, values) => {
    const call = describeIn(listed, { filter: filter as DescribeImagesCommandInput['filter'] });
    expect(await refusalOf(call)).toEqual(violation(parameter, `Member must satisfy enum value set: [${values}]`));
  });
});

describe('the pages', () => {
  const listing = (input: Partial<DescribeImagesCommandInput>) => async (page: object) => {
    const answer = await client.send(new DescribeImagesCommand({ ...listed.named, ...input, ...page }));
    return { items: digestsOf(answer.imageDetails ?? []), nextToken: answer.nextToken };
  };

  const twin = freshRepository(client);

  describePaging(server, {
    max: 1000,
    listing: listing({}),
    others: [
      listing({ filter: { tagStatus: 'TAGGED' } }),
      async (page) => {
        const repository = await twin;
        if ((await repository.list()).length === 0) for (const image of [A, B]) await repository.push(image);
        const answer = await client.send(new DescribeImagesCommand({ ...repository.named, ...page }));
        return { items: digestsOf(answer.imageDetails ?? []), nextToken: answer.nextToken };
      },
    ],
  });

  it.each([1, 2, 3, 4])('of %d hold every image once, the last pushed first', async (size) => {
    const pages = await pagesOf(listing({}), size, 3);
    expect(pages.flat()).toEqual(ORDERED);
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
  });

  it('hold 100 images where nothing else is said, and never lose one that stays while others come and go', async () => {
    const repository = await freshRepository(client);
    const images = Array.from({ length: 120 }, (_, number) => imageNamed(`image ${number}`));
    for (const image of images) await repository.push(image);
    const first = await client.send(new DescribeImagesCommand(repository.named));
    expect(first.imageDetails).toHaveLength(100);
    const last = first.imageDetails?.at(-1)?.imageDigest ?? '';
    await repository.delete({ imageDigest: last });
    await repository.push(A, 'a');
    const second = await client.send(new DescribeImagesCommand({ ...repository.named, nextToken: first.nextToken }));
    expect(second.nextToken).toBeUndefined();
    const seen = digestsOf([...(first.imageDetails ?? []), ...(second.imageDetails ?? [])]);
    expect(seen).toEqual(expect.arrayContaining(images.map(({ digest }) => digest)));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('the request as a whole', () => {
  const send = (input: object) => client.send(new DescribeImagesCommand({ repositoryName: 'nowhere', ...input }));

  describeRepositoryMembers(send);

  it.each([
    ['no identifiers', [], 'imageIds', `${AT_LEAST} 1`],
    ['101 identifiers', Array.from({ length: 101 }, () => ({})), 'imageIds', `${AT_MOST} 100`],
    ['an empty tag', [{ imageTag: '' }], 'imageIds.1.member.imageTag', `${AT_LEAST} 1`],
    ['a tag of 301 characters', [{ imageTag: 'a'.repeat(301) }], 'imageIds.1.member.imageTag', `${AT_MOST} 300`],
  ])('cannot have %s', async (_, imageIds, parameter, constraint) => {
    expect(await refusalOf(send({ imageIds }))).toEqual(violation(parameter, constraint));
  });

  it('fails for a repository that is not there, even for images that Berth never has', async () => {
    expect(await refusalOf(send({ filter: { imageStatus: 'ARCHIVED' } }))).toEqual(repositoryNotFound('nowhere'));
  });
});
