import { InitiateLayerUploadCommand, UploadLayerPartCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { UUID } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

describe('InitiateLayerUpload', () => {
  it('answers the size of a part and the name of the upload, to the byte', async () => {
    const { name } = await freshRepository(client);
    const answer = await server.call('InitiateLayerUpload', { repositoryName: name });
    const { uploadId } = JSON.parse(answer.body);
    expect(uploadId).toMatch(UUID);
    expect(answer).toMatchObject({ status: 200, body: `{"partSize":10485760,"uploadId":"${uploadId}"}` });
  });

  it('begins another upload each time, and any number at once', async () => {
    const { named } = await freshRepository(client);
    const begun = await Promise.all(
      Array.from({ length: 20 }, () => client.send(new InitiateLayerUploadCommand({ ...named, registryId: ACCOUNT }))),
    );
    expect(new Set(begun.map((answer) => outputOf(answer).uploadId)).size).toBe(20);
  });

  it('begins an upload that takes bytes from the first on', async () => {
    const { name, named } = await freshRepository(client);
    const { uploadId } = await client.send(new InitiateLayerUploadCommand(named));
    const part = { uploadId, partFirstByte: 0, partLastByte: 0, layerPartBlob: Buffer.from('x') };
    const answer = await client.send(new UploadLayerPartCommand({ ...named, ...part }));
    expect(outputOf(answer)).toEqual({ registryId: ACCOUNT, repositoryName: name, uploadId, lastByteReceived: 0 });
  });

  describeRepositoryMembers((members) => client.send(new InitiateLayerUploadCommand(members)));
});
