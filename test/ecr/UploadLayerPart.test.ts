import {
  CompleteLayerUploadCommand,
  InitiateLayerUploadCommand,
  InvalidLayerPartException,
  UploadLayerPartCommand,
  type UploadLayerPartCommandInput,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { blobOf } from '../support/images.ts';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { AT_MOST, refusalOf, VALUE_AT_LEAST, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, outputOf, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const NO_UPLOAD = '26d021a3-145a-41b3-a474-d4dc427daaa3';

interface Begun {
  readonly repository: TestRepository;
  readonly uploadId: string;
}

async function begin(): Promise<Begun> {
  const repository = await freshRepository(client);
  const { uploadId = '' } = await client.send(new InitiateLayerUploadCommand(repository.named));
  return { repository, uploadId };
}

/** Sends `text` as the part that begins at `first`; its end follows from its length unless it is said. */
async function send(
  { repository, uploadId }: Begun,
  first: number,
  text: string | Uint8Array,
  change: Partial<UploadLayerPartCommandInput> = {},
) {
  const layerPartBlob = Buffer.from(text);
  const partLastByte = first + layerPartBlob.byteLength - 1;
  const input = { ...repository.named, uploadId, partFirstByte: first, partLastByte, layerPartBlob, ...change };
  return outputOf(await client.send(new UploadLayerPartCommand(input)));
}

const complete = ({ repository, uploadId }: Begun, bytes: string) =>
  client.send(new CompleteLayerUploadCommand({ ...repository.named, uploadId, layerDigests: [blobOf(bytes).digest] }));

describe('UploadLayerPart', () => {
  it('answers the last byte it has, counting from 0, to the byte', async () => {
    const { repository, uploadId } = await begin();
    const answer = await server.call('UploadLayerPart', {
      repositoryName: repository.name,
      uploadId,
      partFirstByte: 0,
      partLastByte: 2,
      layerPartBlob: 'YWJj',
    });
    expect(answer).toMatchObject({
      status: 200,
      body: `{"lastByteReceived":2,"registryId":"${ACCOUNT}","repositoryName":"${repository.name}","uploadId":"${uploadId}"}`,
    });
  });

  it('takes parts one after the other', async () => {
    const begun = await begin();
    const named = { registryId: ACCOUNT, repositoryName: begun.repository.name, uploadId: begun.uploadId };
    expect(await send(begun, 0, 'abc', { registryId: ACCOUNT })).toEqual({ ...named, lastByteReceived: 2 });
    expect(await send(begun, 3, 'd')).toEqual({ ...named, lastByteReceived: 3 });
  });

  it.each([
    ['a gap', 4, 'x', 'its first byte is 4 where 3 is next'],
    ['an overlap', 2, 'x', 'its first byte is 2 where 3 is next'],
    ['the same part again', 0, 'abc', 'its first byte is 0 where 3 is next'],
    ['no bytes', 3, '', 'it is empty'],
  ])('refuses %s, and says where the upload stands', async (_, first, text, reason) => {
    const begun = await begin();
    await send(begun, 0, 'abc');
    const { repository, uploadId } = begun;
    const error = await send(begun, first, text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidLayerPartException);
    expect(error).toMatchObject({
      $metadata: { httpStatusCode: 400 },
      registryId: ACCOUNT,
      repositoryName: repository.name,
      uploadId,
      lastValidByteReceived: 2,
      message: `The layer part for the upload with id '${uploadId}' in the repository with name '${repository.name}' in registry with id '${ACCOUNT}' is not valid: ${reason}`,
    });
    await complete(begun, 'abc');
  });

  it('says -1 for an upload that has no byte yet', async () => {
    const begun = await begin();
    await expect(send(begun, 1, 'x')).rejects.toMatchObject({ lastValidByteReceived: -1 });
  });

  it.each([
    ['longer', 1],
    ['shorter', 9],
    ['the other way round', 0],
  ])('refuses bytes that are %s than their positions', async (_, partLastByte) => {
    const begun = await begin();
    await send(begun, 0, 'a');
    const refusal = await refusalOf(send(begun, 1, 'xyz', { partLastByte }));
    expect(refusal.name).toBe('InvalidLayerPartException');
    expect(refusal.message).toMatch(/it has 3 bytes where its positions say \d+$/);
  });

  it('takes one of several that send the same part at once', async () => {
    const begun = await begin();
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => send(begun, 0, 'abc')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(InvalidLayerPartException);
    }
    await complete(begun, 'abc');
  });

  it('takes a part of 20 MiB, not one of one more byte', async () => {
    const begun = await begin();
    const most = Buffer.alloc(20_971_520, 'x');
    expect(await refusalOf(send(begun, 0, Buffer.concat([most, Buffer.from('y')])))).toEqual(
      violation('layerPartBlob', `${AT_MOST} 20971520`),
    );
    expect((await send(begun, 0, most)).lastByteReceived).toBe(20_971_519);
  });

  it.each([
    ['another repository', async (begun: Begun) => ({ ...begun, repository: await freshRepository(client) })],
    ['no upload at all', async (begun: Begun) => ({ ...begun, uploadId: NO_UPLOAD })],
    ['the upload in another case', async (begun: Begun) => ({ ...begun, uploadId: begun.uploadId.toUpperCase() })],
  ])('does not know the upload under %s', async (_, change) => {
    const begun = await begin();
    const changed = await change(begun);
    expect(await refusalOf(send(changed, 0, 'abc'))).toEqual({
      name: 'UploadNotFoundException',
      message: `The upload with id '${changed.uploadId}' in the repository with name '${changed.repository.name}' in registry with id '${ACCOUNT}' does not exist`,
    });
    expect((await send(begun, 0, 'abc')).lastByteReceived).toBe(2);
  });

  it('does not know an upload that was completed', async () => {
    const begun = await begin();
    await send(begun, 0, 'abc');
    await complete(begun, 'abc');
    expect((await refusalOf(send(begun, 3, 'd'))).name).toBe('UploadNotFoundException');
  });

  const UPLOAD_ID =
    'Member must satisfy regular expression pattern: [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';

  it.each<[string, Partial<UploadLayerPartCommandInput>, string, string]>([
    ['a path for an id', { uploadId: '../../etc/passwd' }, 'uploadId', UPLOAD_ID],
    ['an empty id', { uploadId: '' }, 'uploadId', UPLOAD_ID],
    ['an id with a line break', { uploadId: `${NO_UPLOAD}\n` }, 'uploadId', UPLOAD_ID],
    ['no id', { uploadId: undefined }, 'uploadId', 'Member must not be null'],
    ['a first byte before the first', { partFirstByte: -1 }, 'partFirstByte', `${VALUE_AT_LEAST} 0`],
    ['a last byte before the first', { partLastByte: -1 }, 'partLastByte', `${VALUE_AT_LEAST} 0`],
    ['no first byte', { partFirstByte: undefined }, 'partFirstByte', 'Member must not be null'],
    ['no last byte', { partLastByte: undefined }, 'partLastByte', 'Member must not be null'],
    ['no bytes at all', { layerPartBlob: undefined }, 'layerPartBlob', 'Member must not be null'],
  ])('refuses %s', async (_, change, parameter, constraint) => {
    const { repository } = await begin();
    const call = send({ repository, uploadId: NO_UPLOAD }, 0, 'abc', change);
    expect(await refusalOf(call)).toEqual(violation(parameter, constraint));
  });

  it.each(['!!!!', 'YWJ', 'YWJj\n', 'YW Jj', 'YWJj=', 'YWI', '-_-_'])(
    'refuses %j, which is not base64 as anyone would write it',
    async (layerPartBlob) => {
      const { repository, uploadId } = await begin();
      const body = { repositoryName: repository.name, uploadId, partFirstByte: 0, partLastByte: 2, layerPartBlob };
      const answer = await server.call('UploadLayerPart', body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).__type).toBe('SerializationException');
    },
  );

  it('takes positions as large as a number can be for what they are', async () => {
    const begun = await begin();
    const refusal = await refusalOf(send(begun, 0, 'abc', { partLastByte: Number.MAX_SAFE_INTEGER }));
    expect(refusal.name).toBe('InvalidLayerPartException');
  });

  it('tells that the repository is missing before it looks for the upload', async () => {
    const { repository } = await begin();
    expect(
      (await refusalOf(send({ repository, uploadId: NO_UPLOAD }, 0, 'a', { repositoryName: 'nowhere' }))).name,
    ).toBe('RepositoryNotFoundException');
  });

  describeRepositoryMembers((members) =>
    client.send(
      new UploadLayerPartCommand({
        uploadId: NO_UPLOAD,
        partFirstByte: 0,
        partLastByte: 2,
        layerPartBlob: Buffer.from('abc'),
        ...members,
      }),
    ),
  );
});
