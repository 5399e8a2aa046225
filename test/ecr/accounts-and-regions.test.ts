import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  type ECRClient,
  InitiateLayerUploadCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, KNOWN_KEY, REGION, serveThisFile } from './support/ecr-server.ts';
import { refusalOf, repositoryNotFound } from './support/refusals.ts';
import { imageNamed, TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();

const A = imageNamed('a');
const B = imageNamed('b');

async function created(client: ECRClient, repositoryName: string) {
  const { repository } = await client.send(new CreateRepositoryCommand({ repositoryName }));
  return repository;
}

async function namesIn(client: ECRClient): Promise<(string | undefined)[]> {
  const { repositories = [] } = await client.send(new DescribeRepositoriesCommand());
  return repositories.map(({ repositoryName }) => repositoryName);
}

describe('the account', () => {
  it.each([
    ['of the settings, for the key test', { accessKeyId: 'test' }, ACCOUNT],
    ['that a 12-digit access key is', { accessKeyId: '210987654321', secretAccessKey: 'anything' }, '210987654321'],
    [
      'that the settings give a known key',
      { accessKeyId: KNOWN_KEY.id, secretAccessKey: KNOWN_KEY.secret },
      KNOWN_KEY.accountId,
    ],
    ['of the settings, for a key that nobody knows', { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'any' }, ACCOUNT],
    ['of the settings, for a key of 13 digits', { accessKeyId: '1234567890123' }, ACCOUNT],
  ])('is the one %s', async (what, caller, registryId) => {
    const repository = await created(server.clientOf(caller), `account/${what.replace(/[^a-z0-9]+/g, '-')}`);
    expect(repository).toMatchObject({
      registryId,
      repositoryArn: `arn:aws:ecr:${REGION}:${registryId}:repository/${repository?.repositoryName}`,
    });
  });

  it.each(['us-east-1', 'eu-central-2', 'onprem-1', 'a', `${'a'.repeat(62)}z`])(
    'has a registry of its own in the region %s',
    async (region) => {
      const client = server.clientOf({ accessKeyId: '777777777777', region });
      expect(await namesIn(client)).toEqual([]);
      const repository = await created(client, 'same-name');
      expect(repository?.repositoryArn).toBe(`arn:aws:ecr:${region}:777777777777:repository/same-name`);
      expect(await namesIn(client)).toEqual(['same-name']);
    },
  );

  it('reads a scope without a region as the region of the settings', async () => {
    const helper = await server.call(
      'CreateRepository',
      { repositoryName: 'no-region' },
      { accessKeyId: '888888888888', region: '' },
    );
    expect(JSON.parse(helper.body).repository.repositoryArn).toBe(
      `arn:aws:ecr:${REGION}:888888888888:repository/no-region`,
    );
  });
});

describe('repositories of one name in three registries', async () => {
  const name = 'shared/name';
  const home = server.client;
  const far = server.clientOf({ region: 'eu-west-1' });
  const foreign = server.clientOf({ accessKeyId: '999999999999' });
  const clients = [home, far, foreign];
  for (const client of clients) await created(client, name);
  const at = (client: ECRClient) => new TestRepository(client, name);

  it('have nothing to do with each other', async () => {
    await at(home).push(A, 'a');
    await at(foreign).push(B, 'b');
    expect(await at(home).list()).toEqual([{ imageDigest: A.digest, imageTag: 'a' }]);
    expect(await at(far).list()).toEqual([]);
    expect(await at(foreign).list()).toEqual([{ imageDigest: B.digest, imageTag: 'b' }]);
    expect((await at(far).delete({ imageDigest: A.digest })).failures).toMatchObject([
      { failureCode: 'ImageNotFound' },
    ]);
    expect(await at(home).list()).toHaveLength(1);
    expect((await refusalOf(at(far).put(A))).name).toBe('LayersNotFoundException');
  });

  it('do not share uploads', async () => {
    const { uploadId } = await home.send(new InitiateLayerUploadCommand({ repositoryName: name }));
    const part = { uploadId, partFirstByte: 0, partLastByte: 0, layerPartBlob: Buffer.from('x') };
    for (const client of [far, foreign]) {
      const call = client.send(new UploadLayerPartCommand({ repositoryName: name, ...part }));
      expect((await refusalOf(call)).name).toBe('UploadNotFoundException');
    }
  });

  it('are reached from another account by registryId, in the region of the request', async () => {
    const get = (client: ECRClient) =>
      client.send(
        new BatchGetImageCommand({ repositoryName: name, registryId: '999999999999', imageIds: [{ imageTag: 'b' }] }),
      );
    const answer = await get(home);
    expect(answer.images).toMatchObject([{ registryId: '999999999999', imageId: { imageDigest: B.digest } }]);
    expect(await refusalOf(get(far))).toEqual(repositoryNotFound(name, '999999999999'));
  });
});
