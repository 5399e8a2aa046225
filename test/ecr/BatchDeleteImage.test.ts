import { BatchDeleteImageCommand, type ImageIdentifier } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { buildIndex } from '../support/images.ts';
import { KNOWN_KEY, serveThisFile } from './support/ecr-server.ts';
import { expectImages } from './support/expect-images.ts';
import { AT_LEAST, AT_MOST, refusalOf, repositoryNotFound, violation } from './support/refusals.ts';
import { describeRepositoryMembers } from './support/repository-members.ts';
import { freshRepository, imageNamed, outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { client } = server;

const A = imageNamed('a');
const B = imageNamed('b');
const INDEX = buildIndex([A, B]);
const a = A.digest;
const b = B.digest;
const index = INDEX.digest;

const at = (imageDigest: string, imageTag?: string): ImageIdentifier =>
  imageTag === undefined ? { imageDigest } : { imageDigest, imageTag };

describe('BatchDeleteImage', () => {
  it('row 3, the way out: with the tag of the child put on the index, both can be deleted', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'latest');
    await repository.push(INDEX);
    await repository.put(INDEX, 'latest');

    expect(await repository.delete({ imageTag: 'latest' })).toEqual({ imageIds: [at(index, 'latest')], failures: [] });
    expect(await repository.delete(at(a))).toEqual({ imageIds: [at(a)], failures: [] });
    await expectImages(client, repository, [at(b)]);
  });

  it('row 22: an immutable tag can be deleted, and is free to be pushed again', async () => {
    const repository = await freshRepository(client, { imageTagMutability: 'IMMUTABLE' });
    await repository.push(A, 'v1');
    expect(await repository.delete({ imageTag: 'v1' })).toEqual({ imageIds: [at(a, 'v1')], failures: [] });
    await repository.push(B, 'v1');
    await expectImages(client, repository, [at(b, 'v1')]);
  });

  it('row 23, afterwards: what the index listed can be deleted', async () => {
    const repository = await freshRepository(client);
    await repository.push(INDEX, 'index');
    await repository.delete(at(index));
    expect(await repository.delete(at(a), at(b))).toEqual({ imageIds: [at(a), at(b)], failures: [] });
    await expectImages(client, repository, []);
  });

  it('what is deleted can be pushed again, and is then as new', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'one', 'two');
    await repository.delete(at(a));
    await repository.put(A, 'two');
    await expectImages(client, repository, [at(a, 'two')]);
  });

  it("leaves another repository's image of the same digest and tag alone", async () => {
    const [repository, other] = [await freshRepository(client), await freshRepository(client)];
    await repository.push(A, 'a');
    await other.push(A, 'a');
    await repository.delete(at(a));
    await expectImages(client, other, [at(a, 'a')]);
    await expectImages(client, repository, []);
  });
});

describe('the request as a whole', () => {
  const send = (input: Partial<ConstructorParameters<typeof BatchDeleteImageCommand>[0]>) =>
    client.send(new BatchDeleteImageCommand({ repositoryName: 'nowhere', imageIds: [{}], ...input }));

  describeRepositoryMembers((members) => send(members));

  it.each([
    ['no identifiers', [], 'imageIds', `${AT_LEAST} 1`],
    ['101 identifiers', Array.from({ length: 101 }, () => ({})), 'imageIds', `${AT_MOST} 100`],
    ['an empty tag', [{}, { imageTag: '' }], 'imageIds.2.member.imageTag', `${AT_LEAST} 1`],
    ['a tag of 301 characters', [{ imageTag: 'a'.repeat(301) }], 'imageIds.1.member.imageTag', `${AT_MOST} 300`],
    ['no list at all', undefined, 'imageIds', 'Member must not be null'],
  ])('refuses %s before it looks for the repository', async (_, imageIds, parameter, constraint) => {
    expect(await refusalOf(send({ imageIds }))).toEqual(violation(parameter, constraint));
  });

  it('looks for the repository before it judges an identifier', async () => {
    const hundred = Array.from({ length: 100 }, () => ({ imageDigest: 'invalid' }));
    expect(await refusalOf(send({ imageIds: hundred }))).toEqual(repositoryNotFound('nowhere'));
  });

  it('deletes nothing of a request that is refused', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    const call = send({ ...repository.named, imageIds: [at(a), { imageTag: '' }] });
    expect((await refusalOf(call)).name).toBe('InvalidParameterException');
    await expectImages(client, repository, [at(a, 'a')]);
  });

  it('deletes in the registry that registryId names, and in no other', async () => {
    const other = server.clientOf({ accessKeyId: KNOWN_KEY.id, secretAccessKey: KNOWN_KEY.secret });
    const theirs = await freshRepository(other);
    await theirs.push(A, 'a');
    const input = { ...theirs.named, imageIds: [at(a)] };
    expect(await refusalOf(send(input))).toEqual(repositoryNotFound(theirs.name));
    const answer = await send({ ...input, registryId: KNOWN_KEY.accountId });
    expect(outputOf(answer)).toEqual({ imageIds: [at(a, 'a')], failures: [] });
  });
});
