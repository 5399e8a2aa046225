import {
  DescribeImagesCommand,
  ImageAlreadyExistsException,
  PutImageCommand,
  type PutImageCommandInput,
  PutImageTagMutabilityCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { type BuiltManifest, blobOf, buildImage, buildIndex } from '../support/images.ts';
import { inDialect } from '../support/stored/rows.ts';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { expectImages } from './support/expect-images.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

/** In SQL. */
const LIST_OF_NAMES = { sqlite: 'json_group_array(name)', postgres: 'jsonb_agg(name)::text' };
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const A = imageNamed('a');
const B = imageNamed('b');
const a = A.digest;
const b = B.digest;
const unknown = `sha256:${'0'.repeat(64)}`;

const text = (image: BuiltManifest) => Buffer.from(image.bytes).toString('utf8');

function put(repository: TestRepository, image: BuiltManifest | string, input: Partial<PutImageCommandInput> = {}) {
  const imageManifest = typeof image === 'string' ? image : text(image);
  return client.send(new PutImageCommand({ ...repository.named, imageManifest, ...input }));
}

/** A repository that has the blobs of `imageNamed`, and no image. */
async function repositoryWithBlobs(): Promise<TestRepository> {
  const repository = await freshRepository(client);
  for (const blob of A.blobs) await repository.pushBlob(blob);
  return repository;
}

describe('PutImage', () => {
  it('answers the image with its manifest as it was sent', async () => {
    const repository = await repositoryWithBlobs();
    const spaced = JSON.stringify(JSON.parse(text(A)), undefined, 3);
    const { digest } = blobOf(spaced);
    const answer = await put(repository, spaced, {
      imageTag: 'v1',
      imageDigest: digest,
      registryId: ACCOUNT,
      imageManifestMediaType: OCI,
    });
    expect(outputOf(answer)).toEqual({
      image: {
        registryId: ACCOUNT,
        repositoryName: repository.name,
        imageId: { imageDigest: digest, imageTag: 'v1' },
        imageManifest: spaced,
        imageManifestMediaType: OCI,
      },
    });
    await expectImages(client, repository, [{ imageDigest: digest, imageTag: 'v1' }]);
  });

  it('answers in the recorded order of members, without a tag where none was given', async () => {
    const repository = await repositoryWithBlobs();
    const answer = await server.call('PutImage', { repositoryName: repository.name, imageManifest: text(A) });
    expect(answer.body).toBe(
      `{"image":{"imageId":{"imageDigest":"${a}"},"imageManifest":${JSON.stringify(text(A))},` +
        `"imageManifestMediaType":"${OCI}","registryId":"${ACCOUNT}","repositoryName":"${repository.name}"}}`,
    );
    await expectImages(client, repository, [{ imageDigest: a }]);
  });

  it('keeps when the image was pushed first, and in what order its tags came', async () => {
    const repository = await repositoryWithBlobs();
    const pushedAt = new Date(server.clock.now());
    for (const imageTag of ['b', 'a', 'c']) {
      await put(repository, A, { imageTag });
      server.clock.advance(1000);
    }
    const { imageDetails } = await client.send(new DescribeImagesCommand(repository.named));
    expect(imageDetails).toMatchObject([{ imagePushedAt: pushedAt, imageTags: ['b', 'a', 'c'] }]);
  });

  it('moves a tag, and leaves the image it was on untagged', async () => {
    const repository = await repositoryWithBlobs();
    await put(repository, A, { imageTag: 'latest' });
    await put(repository, B, { imageTag: 'latest' });
    await expectImages(client, repository, [{ imageDigest: a }, { imageDigest: b, imageTag: 'latest' }]);
  });

  it.each([
    ['the same digest and tag', { imageTag: 'v1' }, 'v1'],
    ['the same digest without a tag', {}, 'null'],
  ])('refuses %s again, in an immutable repository too', async (_, input, said) => {
    const repository = await repositoryWithBlobs();
    await put(repository, A, { imageTag: 'v1' });
    const message = `Image with digest '${a}' and tag '${said}' already exists in the repository with name '${repository.name}' in registry with id '${ACCOUNT}'`;
    expect(await refusalOf(put(repository, A, input))).toEqual({ name: 'ImageAlreadyExistsException', message });
    await client.send(new PutImageTagMutabilityCommand({ ...repository.named, imageTagMutability: 'IMMUTABLE' }));
    expect(await refusalOf(put(repository, A, input))).toEqual({ name: 'ImageAlreadyExistsException', message });
    await expect(put(repository, A, input)).rejects.toBeInstanceOf(ImageAlreadyExistsException);
  });

  it('refuses bytes that have another digest than the caller says', async () => {
    const repository = await repositoryWithBlobs();
    for (const imageDigest of [b, `sha256:${a.slice(7).toUpperCase()}`, 'md5:00']) {
      expect(await refusalOf(put(repository, A, { imageDigest }))).toEqual({
        name: 'ImageDigestDoesNotMatchException',
        message: `The image with digest '${imageDigest}' in repository '${repository.name}' and registry ID '${ACCOUNT}' does not match the image digest that Amazon ECR has calculated.`,
      });
    }
    expect(await repository.list()).toEqual([]);
  });

  it('refuses the recorded manifest whose layers are missing, naming all of them', async () => {
    const repository = await freshRepository(client);
    const config = 'sha256:e74898b78f1579c22e582d3b0936349b90c7179050b1a1f20bded34e0a808f72';
    const layer = 'sha256:4fec82eb4c8724bae6df4b8eeff8a526b417d17f44633ba67d4ed65deb31f002';
    const recorded = JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 215, digest: config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 137, digest: layer }],
    });
    expect(blobOf(recorded).digest).toBe('sha256:8f5927a9053313f8bbe6c557a03cb73c99fc8ca1dde4054bdfe7ec036b0a0e8f');
    expect(await refusalOf(put(repository, recorded))).toEqual({
      name: 'LayersNotFoundException',
      message: `Layers with digests '[${layer},${config}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${ACCOUNT}' do not exist`,
    });
  });

  it("does not see another repository's layers", async () => {
    await repositoryWithBlobs();
    const repository = await freshRepository(client);
    expect((await refusalOf(put(repository, A))).name).toBe('LayersNotFoundException');
  });

  it('refuses a size that is not that of the layer', async () => {
    const repository = await repositoryWithBlobs();
    const wrong = text(A).replace(/"size":(\d+)/, '"size":1$1');
    expect((await refusalOf(put(repository, wrong))).name).toBe('InvalidParameterException');
    expect(await repository.list()).toEqual([]);
  });

  it('refuses an index whose images are missing, naming all of them in its order', async () => {
    const repository = await repositoryWithBlobs();
    await put(repository, A);
    const C = imageNamed('c');
    expect(await refusalOf(put(repository, buildIndex([C, A, B])))).toEqual({
      name: 'ReferencedImagesNotFoundException',
      message: `Images with digests '[${C.digest}, ${b}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${ACCOUNT}' do not exist`,
    });
  });

  it('takes indexes, of indexes too, and images whose subject is not there', async () => {
    const repository = await repositoryWithBlobs();
    const index = buildIndex([A]);
    const nested = buildIndex([index], { mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json' });
    const signature = imageNamed('signature', { subject: B });
    for (const image of [A, index, nested, signature]) {
      const { image: answered } = await put(repository, image);
      expect(answered).toMatchObject({
        imageId: { imageDigest: image.digest },
        imageManifestMediaType: image.mediaType,
      });
    }
  });

  it('refuses the 1001st tag of an image', async () => {
    const repository = await repositoryWithBlobs();
    await put(repository, A, { imageTag: 'first' });
    // As many pushes take seconds.
    await server.rows.change(
      `INSERT INTO tag (repository_id, name, manifest_id, tagged_at)
      WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < 999)
      SELECT tag.repository_id, 'tag-' || n, tag.manifest_id, tag.tagged_at
      FROM tag JOIN repository ON repository.id = tag.repository_id CROSS JOIN number
      WHERE repository.name = '${repository.name}'`,
      `UPDATE image SET tags = (SELECT ${inDialect(server.rows, LIST_OF_NAMES)} FROM tag
        WHERE tag.manifest_id = image.manifest_id)
      WHERE repository_id = (SELECT id FROM repository WHERE name = '${repository.name}')`,
    );
    await put(repository, A, { imageTag: 'tag-1000' });
    expect(await refusalOf(put(repository, A, { imageTag: 'tag-1001' }))).toEqual({
      name: 'LimitExceededException',
      message: `Adding tag 'tag-1001' to an image in the repository with name '${repository.name}' in registry with id '${ACCOUNT}' exceeds the maximum allowed number of tags per image which is '1000'`,
    });
    expect(await repository.list()).toHaveLength(1000);
  });
});

describe('the manifest', () => {
  it.each([
    ['no JSON', 'not json'],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['JSON with something after it', `${text(A)}x`],
    ['JSON with a name twice', text(A).replace('{', '{"schemaVersion":2,')],
    ['JSON behind a byte order mark', `\ufeff${text(A)}`],
    ['JSON that is nested deeply', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['an object that is no manifest', '{"a":1}'],
    ['a media type that is no text', '{"mediaType":1}'],
  ])('cannot be %s', async (_, manifest) => {
    const repository = await freshRepository(client);
    expect(await refusalOf(put(repository, manifest))).toEqual(violation('ImageManifest', 'Invalid JSON syntax'));
  });

  it.each([
    ['an unknown media type', { mediaType: 'application/json' }],
    ['another version of the schema', { schemaVersion: 1 }],
    ['layers and a list of manifests at once', { manifests: [] }],
    ['no config', { config: undefined }],
    ['a layer without a digest', { layers: [{ mediaType: 'a/b', size: 1 }] }],
    ['a layer with a digest that is none', { layers: [{ mediaType: 'a/b', size: 1, digest: 'sha256:00' }] }],
    ['a layer of a negative size', { layers: [{ mediaType: 'a/b', size: -1, digest: unknown }] }],
  ])('cannot have %s', async (_, change) => {
    const repository = await repositoryWithBlobs();
    const refusal = await refusalOf(put(repository, JSON.stringify({ ...JSON.parse(text(A)), ...change })));
    expect(refusal.name).toBe('InvalidParameterException');
    expect(refusal.message).toMatch(/^Invalid parameter at 'ImageManifest' failed to satisfy constraint: '/);
    expect(await repository.list()).toEqual([]);
  });

  it('can be of 4 MiB, not of one more byte', async () => {
    const repository = await repositoryWithBlobs();
    const long = (length: number) => {
      const short = buildImage('shared', { annotations: { x: '' } });
      return buildImage('shared', { annotations: { x: 'x'.repeat(length - short.bytes.byteLength) } });
    };
    expect(await refusalOf(put(repository, long(4_194_305)))).toEqual(violation('imageManifest', `${AT_MOST} 4194304`));
    const longest = long(4_194_304);
    expect(longest.bytes.byteLength).toBe(4_194_304);
    expect((await put(repository, longest)).image?.imageId?.imageDigest).toBe(longest.digest);
    const wide = text(buildImage('shared', { annotations: { x: 'é'.repeat(2_100_000) } }));
    expect(await refusalOf(put(repository, wide))).toEqual(violation('imageManifest', `${AT_MOST} 4194304`));
  });

  it('is of the type that is named beside it, where it names none itself', async () => {
    const repository = await repositoryWithBlobs();
    const untyped = JSON.stringify({ ...JSON.parse(text(A)), mediaType: undefined });
    const typed = await put(repository, untyped, { imageManifestMediaType: DOCKER });
    expect(typed.image?.imageManifestMediaType).toBe(DOCKER);
    expect((await refusalOf(put(repository, untyped, { imageManifestMediaType: OCI, imageTag: 'x' }))).name).toBe(
      'InvalidParameterException',
    );
    expect((await refusalOf(put(repository, A, { imageManifestMediaType: DOCKER }))).name).toBe(
      'InvalidParameterException',
    );
  });
});

describe('the tag', () => {
  it.each([
    ['', 'must have length greater than or equal to 1'],
    ['a'.repeat(301), 'must have length less than or equal to 300'],
    ['a b', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
    ['a\n', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
    ['.a', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
    ['-a', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
    ['é', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
  ])('cannot be %j', async (imageTag, constraint) => {
    const repository = await freshRepository(client);
    expect(await refusalOf(put(repository, A, { imageTag }))).toEqual(violation('imageTag', constraint));
  });

  it.each(['a', '_', '0', 'A-b_c.d', 'a'.repeat(300)])('can be %s', async (imageTag) => {
    const repository = await repositoryWithBlobs();
    expect((await put(repository, A, { imageTag })).image?.imageId).toEqual({ imageDigest: a, imageTag });
  });

  it.each([
    ['IMMUTABLE', [], [], ['v1', 'latest']],
    [
      'IMMUTABLE_WITH_EXCLUSION',
      ['latest', 'dev-*'],
      ['latest', 'dev-', 'dev-1'],
      ['v1', 'latest2', 'Latest', 'my-dev-1'],
    ],
    ['MUTABLE_WITH_EXCLUSION', ['v*.*', 'release'], ['latest', 'v1', 'release1'], ['v1.0', 'v.', 'release']],
    ['MUTABLE', [], ['v1', 'latest'], []],
  ] as const)(
    'moves in a repository that is %s, excluding %j: %j, and not %j',
    async (mode, filters, moving, fixed) => {
      const excluded = filters.map((filter) => ({ filterType: 'WILDCARD' as const, filter }));
      const repository = await freshRepository(client, {
        imageTagMutability: mode,
        ...(excluded.length > 0 && { imageTagMutabilityExclusionFilters: excluded }),
      });
      await repository.push(A, ...moving, ...fixed);
      for (const imageTag of moving) await put(repository, B, { imageTag });
      for (const imageTag of fixed) {
        expect(await refusalOf(put(repository, B, { imageTag }))).toEqual({
          name: 'ImageTagAlreadyExistsException',
          message: `The image tag '${imageTag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
        });
      }
      const left = fixed.map((imageTag) => ({ imageDigest: a, imageTag }));
      const moved = moving.map((imageTag) => ({ imageDigest: b, imageTag }));
      await expectImages(client, repository, [...(left.length > 0 ? left : [{ imageDigest: a }]), ...moved]);
    },
  );

  it('is had by one of many who push it at once where tags are immutable', async () => {
    const repository = await freshRepository(client, { imageTagMutability: 'IMMUTABLE' });
    for (const blob of A.blobs) await repository.pushBlob(blob);
    const images = Array.from({ length: 20 }, (_, number) => imageNamed(`racer ${number}`));
    const outcomes = await Promise.all(
      images.map((image) =>
        put(repository, image, { imageTag: 'v1' }).then(
          () => 'put',
          (error: Error) => error.name,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'put')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'ImageTagAlreadyExistsException')).toHaveLength(19);
    const winner = images[outcomes.indexOf('put')]?.digest ?? '';
    await expectImages(client, repository, [{ imageDigest: winner, imageTag: 'v1' }]);
  });
});

describe('the request as a whole', () => {
  describeRepositoryMembers((members) => client.send(new PutImageCommand({ imageManifest: text(A), ...members })));

  it('cannot be without a manifest', async () => {
    const repository = await freshRepository(client);
    expect(await refusalOf(put(repository, ''))).toEqual(violation('imageManifest', `${AT_LEAST} 1`));
    expect(await refusalOf(put(repository, A, { imageManifest: undefined }))).toEqual(
      violation('imageManifest', 'Member must not be null'),
    );
  });

  it.each(['', 'sha256', 'sha256:xyz', 'no digest'])('cannot have %j for a digest', async (imageDigest) => {
    const repository = await repositoryWithBlobs();
    expect(await refusalOf(put(repository, A, { imageDigest }))).toEqual(
      violation('imageDigest', "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"),
    );
  });
});
