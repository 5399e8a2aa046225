import { BatchGetImageCommand, DescribeImagesCommand, type ImageIdentifier } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { type BuiltManifest, buildIndex } from '../support/images.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { ACCOUNT, serveThisFile, startEcrServer } from './support/ecr-server.ts';
import { failure } from './support/failures.ts';
import { AT_LEAST, AT_MOST, refusalOf, repositoryNotFound, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const OCI = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const A = imageNamed('a');
const B = imageNamed('b');
const D = imageNamed('docker', { mediaType: DOCKER });
const INDEX = buildIndex([A, D]);
const a = A.digest;
const b = B.digest;
const unknown = `sha256:${'0'.repeat(64)}`;

const text = (image: BuiltManifest) => Buffer.from(image.bytes).toString('utf8');

async function get(repository: TestRepository, imageIds: ImageIdentifier[], acceptedMediaTypes?: string[]) {
  return outputOf(await client.send(new BatchGetImageCommand({ ...repository.named, imageIds, acceptedMediaTypes })));
}

describe('BatchGetImage', () => {
  it('answers the manifest as it was pushed, by tag one item and by digest one for each tag', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'one', 'two');
    const item = (imageTag: string) => ({
      registryId: ACCOUNT,
      repositoryName: repository.name,
      imageId: { imageDigest: a, imageTag },
      imageManifest: text(A),
      imageManifestMediaType: OCI,
    });
    expect(await get(repository, [{ imageTag: 'two' }])).toEqual({ images: [item('two')], failures: [] });
    expect(await get(repository, [{ imageDigest: a }])).toEqual({ images: [item('one'), item('two')], failures: [] });
    expect(await get(repository, [{ imageDigest: a, imageTag: 'one' }])).toEqual({
      images: [item('one')],
      failures: [],
    });
  });

  it('answers an untagged image without a tag', async () => {
    const repository = await freshRepository(client);
    await repository.push(A);
    const { images } = await get(repository, [{ imageDigest: a }]);
    expect(images?.map(({ imageId }) => imageId)).toEqual([{ imageDigest: a }]);
  });

  it('answers with the size of the manifest, which is in no model, and both lists always', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    const body = { repositoryName: repository.name, imageIds: [{ imageTag: 'a' }] };
    expect((await server.call('BatchGetImage', body)).body).toBe(
      `{"failures":[],"images":[{"imageId":{"imageDigest":"${a}","imageTag":"a"},"imageManifest":${JSON.stringify(text(A))},` +
        `"imageManifestMediaType":"${OCI}","imageManifestSize":${A.bytes.byteLength},"registryId":"${ACCOUNT}","repositoryName":"${repository.name}"}]}`,
    );
    const absent = await server.call('BatchGetImage', { ...body, imageIds: [{ imageTag: 'x' }] });
    expect(absent.status).toBe(200);
    expect(absent.body).toBe(
      '{"failures":[{"failureCode":"ImageNotFound","failureReason":"Requested image not found","imageId":{"imageTag":"x"}}],"images":[]}',
    );
  });

  it('tells of each identifier that names no image, as BatchDeleteImage does, in the order of the request', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    await repository.push(B, 'b');
    const answer = await get(repository, [
      { imageTag: 'b' },
      {},
      { imageDigest: 'invalid' },
      { imageTag: 'a b' },
      { imageDigest: unknown },
      { imageDigest: a, imageTag: 'b' },
      { imageDigest: b, imageTag: 'absent' },
      { imageTag: 'a' },
    ]);
    expect(answer.images?.map(({ imageId }) => imageId?.imageTag)).toEqual(['b', 'a']);
    expect(answer.failures).toEqual([
      failure.missing({}),
      failure.invalidDigest({ imageDigest: 'invalid' }),
      failure.invalidTag({ imageTag: 'a b' }),
      failure.notFound({ imageDigest: unknown }),
      failure.mismatch({ imageDigest: a, imageTag: 'b' }),
      failure.notFound({ imageDigest: b, imageTag: 'absent' }),
    ]);
  });

  it('answers what is named twice once', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    const { images } = await get(repository, [{ imageTag: 'a' }, { imageDigest: a }, { imageTag: 'a' }]);
    expect(images).toHaveLength(1);
  });

  it('is a pull that whoever describes the image afterwards sees', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    server.clock.advance(1000);
    await get(repository, [{ imageTag: 'a' }]);
    const { imageDetails } = await client.send(new DescribeImagesCommand(repository.named));
    expect(imageDetails?.map(({ lastRecordedPullTime }) => lastRecordedPullTime)).toEqual([
      new Date(server.clock.now()),
    ]);
  });

  it('records that the image was pulled, and when, by the time the server is stopped', async () => {
    await using folder = await tempFolder();
    const details = async (inFolder: Awaited<ReturnType<typeof startEcrServer>>, repositoryName: string) =>
      (await inFolder.client.send(new DescribeImagesCommand({ repositoryName }))).imageDetails;
    let pulled: { at: number; repositoryName: string };
    {
      await using first = await startEcrServer({ folder: folder.path });
      const repository = await freshRepository(first.client);
      await repository.push(A, 'a');
      await repository.push(B, 'b');
      expect(await details(first, repository.name)).not.toContainEqual(
        expect.objectContaining({ lastRecordedPullTime: expect.anything() }),
      );
      first.clock.advance(1000);
      await first.client.send(new BatchGetImageCommand({ ...repository.named, imageIds: [{ imageTag: 'a' }] }));
      pulled = { at: first.clock.now(), repositoryName: repository.name };
    }
    await using second = await startEcrServer({ folder: folder.path });
    const times = new Map(
      (await details(second, pulled.repositoryName))?.map((image) => [image.imageDigest, image.lastRecordedPullTime]),
    );
    expect(times).toEqual(
      new Map([
        [a, new Date(pulled.at)],
        [b, undefined],
      ]),
    );
  });
});

describe('acceptedMediaTypes', () => {
  it('converts between docker and OCI by tag, and leaves the digest that the image has', async () => {
    const repository = await freshRepository(client);
    await repository.push(D, 'docker');
    await repository.push(A, 'oci');
    const [oci] = (await get(repository, [{ imageTag: 'docker' }], [OCI])).images ?? [];
    expect(oci).toMatchObject({ imageId: { imageDigest: D.digest, imageTag: 'docker' }, imageManifestMediaType: OCI });
    const expected = text(D)
      .replaceAll(DOCKER, OCI)
      .replaceAll('application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json')
      .replaceAll('application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip');
    expect(oci?.imageManifest).toBe(expected);
    const [docker] = (await get(repository, [{ imageTag: 'oci' }], [DOCKER])).images ?? [];
    expect(docker?.imageManifestMediaType).toBe(DOCKER);
  });

  it.each<[string, string, ImageIdentifier, string[]]>([
    ['what is accepted as it is', text(A), { imageTag: 'oci' }, [DOCKER, OCI]],
    ['what is asked for by digest', text(D), { imageDigest: D.digest }, [OCI]],
    ['an index', text(INDEX), { imageTag: 'index' }, [OCI, DOCKER]],
    ['what cannot be had in any accepted type', text(A), { imageTag: 'oci' }, ['text/plain']],
  ])('does not convert %s', async (_, manifest, imageId, accepted) => {
    const repository = await freshRepository(client);
    await repository.push(INDEX, 'index');
    await repository.put(A, 'oci');
    expect((await get(repository, [imageId], accepted)).images?.map(({ imageManifest }) => imageManifest)).toEqual([
      manifest,
    ]);
  });

  it.each([
    ['none', [], `${AT_LEAST} 1`],
    ['101', Array.from({ length: 101 }, () => OCI), `${AT_MOST} 100`],
  ])('cannot be %s', async (_, accepted, constraint) => {
    const repository = await freshRepository(client);
    expect(await refusalOf(get(repository, [{ imageTag: 'a' }], accepted))).toEqual(
      violation('acceptedMediaTypes', constraint),
    );
  });

  it('can be 100', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    const accepted = Array.from({ length: 100 }, () => OCI);
    expect((await get(repository, [{ imageTag: 'a' }], accepted)).images).toHaveLength(1);
  });
});

describe('the request as a whole', () => {
  const send = (input: object) =>
    client.send(new BatchGetImageCommand({ repositoryName: 'nowhere', imageIds: [{}], ...input }));

  describeRepositoryMembers(send);

  it.each([
    ['no identifiers', [], 'imageIds', `${AT_LEAST} 1`],
    ['101 identifiers', Array.from({ length: 101 }, () => ({})), 'imageIds', `${AT_MOST} 100`],
    ['an empty tag', [{ imageTag: '' }], 'imageIds.1.member.imageTag', `${AT_LEAST} 1`],
    ['a tag of 301 characters', [{ imageTag: 'a'.repeat(301) }], 'imageIds.1.member.imageTag', `${AT_MOST} 300`],
    ['no list', undefined, 'imageIds', 'Member must not be null'],
  ])('cannot have %s', async (_, imageIds, parameter, constraint) => {
    expect(await refusalOf(send({ imageIds }))).toEqual(violation(parameter, constraint));
  });

  it('can have 100 identifiers', async () => {
    const imageIds = Array.from({ length: 100 }, () => ({ imageTag: 'a'.repeat(300) }));
    expect(await refusalOf(send({ imageIds }))).toEqual(repositoryNotFound('nowhere'));
  });
});
