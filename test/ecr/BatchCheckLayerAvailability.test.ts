import { BatchCheckLayerAvailabilityCommand, DeleteRepositoryCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const A = imageNamed('a');
const [CONFIG, LAYER] = A.blobs;
if (!CONFIG || !LAYER) throw new Error('an image has a config and a layer');
const UNKNOWN = 'sha256:4fec82eb4c8724bae6df4b8eeff8a526b417d17f44633ba67d4ed65deb31f002';

async function check(repository: TestRepository, ...layerDigests: string[]) {
  return outputOf(await client.send(new BatchCheckLayerAvailabilityCommand({ ...repository.named, layerDigests })));
}

const invalid = (layerDigest: string) => ({
  layerDigest,
  failureCode: 'InvalidLayerDigest',
  failureReason: "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
});

describe('BatchCheckLayerAvailability', () => {
  it('answers the recorded pair of an unknown layer: no failure', async () => {
    const { name } = await freshRepository(client);
    const answer = await server.call('BatchCheckLayerAvailability', { repositoryName: name, layerDigests: [UNKNOWN] });
    expect(answer).toMatchObject({
      status: 200,
      body: `{"failures":[],"layers":[{"layerAvailability":"UNAVAILABLE","layerDigest":"${UNKNOWN}"}]}`,
    });
  });

  it('answers size and media type of what an image names, its config included, in the order of the request', async () => {
    const repository = await freshRepository(client);
    await repository.push(A);
    expect(await check(repository, LAYER.digest, UNKNOWN, CONFIG.digest)).toEqual({
      layers: [
        {
          layerDigest: LAYER.digest,
          layerAvailability: 'AVAILABLE',
          layerSize: LAYER.bytes.byteLength,
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        },
        { layerDigest: UNKNOWN, layerAvailability: 'UNAVAILABLE' },
        {
          layerDigest: CONFIG.digest,
          layerAvailability: 'AVAILABLE',
          layerSize: CONFIG.bytes.byteLength,
          mediaType: 'application/vnd.oci.image.config.v1+json',
        },
      ],
      failures: [],
    });
  });

  it('has no media type for a layer that no image named yet', async () => {
    const repository = await freshRepository(client);
    await repository.pushBlob(LAYER);
    const { layers } = await check(repository, LAYER.digest);
    expect(layers).toEqual([
      { layerDigest: LAYER.digest, layerAvailability: 'AVAILABLE', layerSize: LAYER.bytes.byteLength },
    ]);
  });

  it("does not know another repository's layers, nor those of a repository that is gone", async () => {
    const [repository, other] = [await freshRepository(client), await freshRepository(client)];
    await other.push(A);
    const unavailable = [{ layerDigest: LAYER.digest, layerAvailability: 'UNAVAILABLE' }];
    expect((await check(repository, LAYER.digest)).layers).toEqual(unavailable);
    await client.send(new DeleteRepositoryCommand({ ...other.named, force: true }));
    expect((await check(repository, LAYER.digest)).layers).toEqual(unavailable);
  });

  it('still has the layers of an image that was deleted, for the grace', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    await repository.delete({ imageTag: 'a' });
    expect((await check(repository, LAYER.digest)).layers).toMatchObject([{ layerAvailability: 'AVAILABLE' }]);
    await repository.put(A, 'a');
  });

  it('fails for what is no digest, beside those that are', async () => {
    const repository = await freshRepository(client);
    await repository.pushBlob(LAYER);
    const answer = await check(repository, 'invalid', LAYER.digest, '', 'sha256:xyz', `${UNKNOWN}\n`);
    expect(answer.layers).toMatchObject([{ layerDigest: LAYER.digest }]);
    expect(answer.failures).toEqual([
      invalid('invalid'),
      {
        layerDigest: '',
        failureCode: 'MissingLayerDigest',
        failureReason: 'Invalid request parameters: layer digest cannot be null',
      },
      invalid('sha256:xyz'),
      invalid(`${UNKNOWN}\n`),
    ]);
  });

  it('takes another case, or another algorithm, for another digest', async () => {
    const repository = await freshRepository(client);
    await repository.pushBlob(LAYER);
    const strangers = [`sha256:${LAYER.digest.slice(7).toUpperCase()}`, `SHA256:${LAYER.digest.slice(7)}`, 'md5:00'];
    const { layers } = await check(repository, ...strangers);
    expect(layers?.map(({ layerAvailability }) => layerAvailability)).toEqual(strangers.map(() => 'UNAVAILABLE'));
  });

  it('takes 1 and 100 digests of up to 1000 characters', async () => {
    const repository = await freshRepository(client);
    const longest = `sha256:${'0'.repeat(993)}`;
    const answer = await check(repository, ...Array.from({ length: 99 }, () => UNKNOWN), longest);
    expect(answer.layers).toHaveLength(100);
    expect(answer.layers?.at(-1)).toEqual({ layerDigest: longest, layerAvailability: 'UNAVAILABLE' });
  });

  it.each([
    ['no digests', [], `${AT_LEAST} 1`],
    ['101 digests', Array.from({ length: 101 }, () => UNKNOWN), `${AT_MOST} 100`],
    [
      'a digest of 1001 characters',
      ['d'.repeat(1001)],
      `Member must satisfy constraint: [${AT_MOST} 1000, ${AT_LEAST} 0]`,
    ],
    ['no list', undefined, 'Member must not be null'],
  ])('refuses %s', async (_, layerDigests, constraint) => {
    const call = client.send(new BatchCheckLayerAvailabilityCommand({ repositoryName: 'nowhere', layerDigests }));
    expect(await refusalOf(call)).toEqual(violation('layerDigests', constraint));
  });

  it('looks in the registry that registryId names', async () => {
    const repository = await freshRepository(client);
    await repository.pushBlob(LAYER);
    const input = { ...repository.named, layerDigests: [LAYER.digest], registryId: ACCOUNT };
    const far = server.clientOf({ accessKeyId: '111111111111' });
    const answer = await far.send(new BatchCheckLayerAvailabilityCommand(input));
    expect(answer.layers).toMatchObject([{ layerAvailability: 'AVAILABLE' }]);
  });

  describeRepositoryMembers((members) =>
    client.send(new BatchCheckLayerAvailabilityCommand({ layerDigests: [UNKNOWN], ...members })),
  );
});
