import { createHash } from 'node:crypto';
import {
  BatchCheckLayerAvailabilityCommand,
  CompleteLayerUploadCommand,
  InitiateLayerUploadCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { blobOf } from '../support/images.ts';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, outputOf, type TestRepository } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const NO_UPLOAD = '26d021a3-145a-41b3-a474-d4dc427daaa3';
const MIB = 1024 * 1024;

interface Begun {
  readonly repository: TestRepository;
  readonly uploadId: string;
}

/** An upload of these parts, not completed. */
async function upload(repository: TestRepository, ...parts: readonly (string | Uint8Array)[]): Promise<Begun> {
  const { uploadId = '' } = await client.send(new InitiateLayerUploadCommand(repository.named));
  let first = 0;
  for (const part of parts) {
    const layerPartBlob = Buffer.from(part);
    const partLastByte = first + layerPartBlob.byteLength - 1;
    await client.send(
      new UploadLayerPartCommand({ ...repository.named, uploadId, partFirstByte: first, partLastByte, layerPartBlob }),
    );
    first = partLastByte + 1;
  }
  return { repository, uploadId };
}

async function complete({ repository, uploadId }: Begun, ...layerDigests: string[]) {
  const input = { ...repository.named, uploadId, layerDigests };
  return outputOf(await client.send(new CompleteLayerUploadCommand(input)));
}

async function sizeOf(repository: TestRepository, digest: string): Promise<number | undefined> {
  const input = { ...repository.named, layerDigests: [digest] };
  return (await client.send(new BatchCheckLayerAvailabilityCommand(input))).layers?.[0]?.layerSize;
}

const ofUpload = ({ repository, uploadId }: Begun) =>
  `The upload with id '${uploadId}' in the repository with name '${repository.name}' in registry with id '${ACCOUNT}'`;

describe('CompleteLayerUpload', () => {
  it('answers the layer, to the byte, and has it from then on', async () => {
    const repository = await freshRepository(client);
    const { digest } = blobOf('abc');
    const { uploadId } = await upload(repository, 'abc');
    const body = { repositoryName: repository.name, uploadId, layerDigests: [digest] };
    expect(await sizeOf(repository, digest)).toBeUndefined();
    const answer = await server.call('CompleteLayerUpload', body);
    expect(answer).toMatchObject({
      status: 200,
      body: `{"layerDigest":"${digest}","registryId":"${ACCOUNT}","repositoryName":"${repository.name}","uploadId":"${uploadId}"}`,
    });
    expect(await sizeOf(repository, digest)).toBe(3);
  });

  it('puts parts of 5 MiB and more together, with a last one of any size', async () => {
    const repository = await freshRepository(client);
    const parts = [Buffer.alloc(5 * MIB, 'a'), Buffer.alloc(6 * MIB, 'b'), Buffer.from('c')];
    const { digest } = blobOf(Buffer.concat(parts));
    const begun = await upload(repository, ...parts);
    expect((await complete(begun, digest)).layerDigest).toBe(digest);
    expect(await sizeOf(repository, digest)).toBe(11 * MIB + 1);
  });

  it('refuses a part under 5 MiB that is not the last', async () => {
    const repository = await freshRepository(client);
    const parts = [Buffer.alloc(5 * MIB - 1, 'a'), Buffer.from('b')];
    const begun = await upload(repository, ...parts);
    expect(await refusalOf(complete(begun, blobOf(Buffer.concat(parts)).digest))).toEqual({
      name: 'LayerPartTooSmallException',
      message: 'All layer parts except the last part should be at least 5MB',
    });
  });

  it('refuses an upload without parts', async () => {
    const begun = await upload(await freshRepository(client));
    expect(await refusalOf(complete(begun, blobOf('').digest))).toEqual({
      name: 'EmptyUploadException',
      message: `${ofUpload(begun)} cannot be completed because it does not have any parts`,
    });
  });

  it('refuses bytes that have another digest, keeps nothing of them, and ends the upload', async () => {
    const repository = await freshRepository(client);
    const begun = await upload(repository, 'abc');
    const { digest } = blobOf('abd');
    expect(await refusalOf(complete(begun, digest))).toEqual({
      name: 'InvalidLayerException',
      message: `The layer with digest '${digest}' in the repository with name '${repository.name}' in registry with id '${ACCOUNT}' does not match the digest of the bytes that were received`,
    });
    expect(await sizeOf(repository, digest)).toBeUndefined();
    expect(await sizeOf(repository, blobOf('abc').digest)).toBeUndefined();
    expect((await refusalOf(complete(begun, blobOf('abc').digest))).name).toBe('UploadNotFoundException');
  });

  it.each([
    ['md5:00', 'a digest of no kind that it knows'],
    [`sha256:${blobOf('abc').digest.slice(7).toUpperCase()}`, 'a digest in upper case'],
    ['sha256:00', 'a digest that is too short'],
  ])('refuses %s: %s', async (digest) => {
    const begun = await upload(await freshRepository(client), 'abc');
    expect((await refusalOf(complete(begun, digest))).name).toBe('InvalidLayerException');
    expect((await complete(begun, blobOf('abc').digest)).layerDigest).toBe(blobOf('abc').digest);
  });

  it('takes a sha512 digest, and the same digest twice, but not two different ones', async () => {
    const repository = await freshRepository(client);
    const sha512 = `sha512:${createHash('sha512').update('abc').digest('hex')}`;
    const begun = await upload(repository, 'abc');
    expect((await refusalOf(complete(begun, sha512, blobOf('abc').digest))).name).toBe('InvalidLayerException');
    expect((await complete(begun, sha512, sha512)).layerDigest).toBe(sha512);
    expect(await sizeOf(repository, sha512)).toBe(3);
  });

  it('refuses a layer that the repository has, and keeps it', async () => {
    const repository = await freshRepository(client);
    const { digest } = blobOf('abc');
    await complete(await upload(repository, 'abc'), digest);
    expect(await refusalOf(complete(await upload(repository, 'abc'), digest))).toEqual({
      name: 'LayerAlreadyExistsException',
      message: `Layer with digest '${digest}' already exists in the repository with name '${repository.name}' in registry with id '${ACCOUNT}'`,
    });
    expect(await sizeOf(repository, digest)).toBe(3);
  });

  it('takes a layer that only another repository has', async () => {
    const [first, second] = [await freshRepository(client), await freshRepository(client)];
    const { digest } = blobOf('shared by two');
    for (const repository of [first, second]) {
      const begun = await upload(repository, 'shared by two');
      expect((await complete(begun, digest)).layerDigest).toBe(digest);
    }
  });

  it('completes an upload once, however many ask', async () => {
    const begun = await upload(await freshRepository(client), 'many');
    const { digest } = blobOf('many');
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => complete(begun, digest)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.$metadata.httpStatusCode] : [],
    );
    expect(refusals).toEqual([400, 400, 400, 400]);
    expect(await sizeOf(begun.repository, digest)).toBe(4);
  });

  it.each([
    ['no upload at all', async (begun: Begun) => ({ ...begun, uploadId: NO_UPLOAD })],
    ['another repository', async (begun: Begun) => ({ ...begun, repository: await freshRepository(client) })],
  ])('does not know the upload under %s', async (_, change) => {
    const begun = await upload(await freshRepository(client), 'abc');
    const changed = await change(begun);
    expect(await refusalOf(complete(changed, blobOf('abc').digest))).toEqual({
      name: 'UploadNotFoundException',
      message: `${ofUpload(changed)} does not exist`,
    });
  });

  it.each([
    ['no digest', [], `${AT_LEAST} 1`],
    ['101 digests', Array.from({ length: 101 }, () => 'a:b'), `${AT_MOST} 100`],
    [
      'what is no digest',
      ['a:b', 'sha256:xyz'],
      'Member must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z0-9-_+.]+:[a-fA-F0-9]+]',
    ],
  ])('refuses %s', async (_, digests, constraint) => {
    const begun = { repository: await freshRepository(client), uploadId: NO_UPLOAD };
    expect(await refusalOf(complete(begun, ...digests))).toEqual(violation('layerDigests', constraint));
  });

  it('takes 100 digests, as long as they are the same', async () => {
    const begun = await upload(await freshRepository(client), 'abc');
    const { digest } = blobOf('abc');
    expect((await complete(begun, ...Array.from({ length: 100 }, () => digest))).layerDigest).toBe(digest);
  });

  it.each(['', 'x', `${NO_UPLOAD}0`, `${NO_UPLOAD}/..`])('refuses the upload id %j', async (uploadId) => {
    const begun = { repository: await freshRepository(client), uploadId };
    expect(await refusalOf(complete(begun, 'a:b'))).toEqual(
      violation(
        'uploadId',
        'Member must satisfy regular expression pattern: [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
      ),
    );
  });

  it.each(['uploadId', 'layerDigests'])('cannot do without the member %s', async (member) => {
    const input = { repositoryName: 'nowhere', uploadId: NO_UPLOAD, layerDigests: ['a:b'], [member]: undefined };
    expect(await refusalOf(client.send(new CompleteLayerUploadCommand(input)))).toEqual(
      violation(member, 'Member must not be null'),
    );
  });

  describeRepositoryMembers((members) =>
    client.send(new CompleteLayerUploadCommand({ uploadId: NO_UPLOAD, layerDigests: ['a:b'], ...members })),
  );
});
