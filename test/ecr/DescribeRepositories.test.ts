import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  type DescribeRepositoriesCommandInput,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, serveThisFile } from './support/ecr-server.ts';
import { describePaging, type PageInput, pagesOf } from './support/paging.ts';
import {
  AT_LEAST,
  AT_MOST,
  REGISTRY_ID_PATTERN,
  refusalOf,
  repositoryNotFound,
  violation,
} from './support/refusals.ts';
import { outputOf } from './support/test-repository.ts';

const server = await serveThisFile();
const { clock, host } = server;

/** A registry that has these repositories and no others. */
const NAMES = ['a-b', 'a.b', 'a/b', 'a0', 'ab', 'ab/c', 'b_c'];
const client = server.clientOf({ accessKeyId: '222222222222' });
for (const repositoryName of [...NAMES].reverse()) await client.send(new CreateRepositoryCommand({ repositoryName }));
const other = server.clientOf({ accessKeyId: '333333333333' });
for (const repositoryName of ['one', 'two']) await other.send(new CreateRepositoryCommand({ repositoryName }));

const listing =
  (from = client, input: Partial<DescribeRepositoriesCommandInput> = {}) =>
  async (page: PageInput) => {
    const { repositories = [], nextToken } = await from.send(new DescribeRepositoriesCommand({ ...input, ...page }));
    return { items: repositories.map(({ repositoryName }) => repositoryName), nextToken };
  };

describe('DescribeRepositories', () => {
  it('answers every repository of the registry, in order of name', async () => {
    const answer = outputOf(await client.send(new DescribeRepositoriesCommand()));
    expect(Object.keys(answer)).toEqual(['repositories']);
    expect(answer.repositories?.map(({ repositoryName }) => repositoryName)).toEqual(NAMES);
  });

  it('answers the members that CreateRepository does, in the recorded order', async () => {
    const answer = await server.call(
      'DescribeRepositories',
      { repositoryNames: ['one'] },
      { accessKeyId: '333333333333' },
    );
    expect(answer.body).toBe(
      `{"repositories":[{"createdAt":${clock.now() / 1000},"encryptionConfiguration":{"encryptionType":"AES256"},` +
        '"imageScanningConfiguration":{"scanOnPush":false},"imageTagMutability":"MUTABLE","registryId":"333333333333",' +
        `"repositoryArn":"arn:aws:ecr:us-east-1:333333333333:repository/one","repositoryName":"one","repositoryUri":"${host}/one"}]}`,
    );
  });

  it('answers an empty list for an empty registry, to an empty body as well', async () => {
    for (const body of ['{}', '']) {
      const answer = await server.call('DescribeRepositories', body, { accessKeyId: '444444444444' });
      expect(answer).toMatchObject({ status: 200, body: '{"repositories":[]}' });
    }
  });

  it('answers the registry that registryId names', async () => {
    const listed = await listing(client, { registryId: '333333333333' })({});
    expect(listed.items).toEqual(['one', 'two']);
    expect((await listing(client, { registryId: '222222222222' })({})).items).toEqual(NAMES);
  });

  it('answers the named ones in the order of the request, each once', async () => {
    const repositoryNames = ['b_c', 'a-b', 'b_c', 'ab/c'];
    expect((await listing(client, { repositoryNames })({})).items).toEqual(['b_c', 'a-b', 'ab/c']);
  });

  it('fails as a whole for the first that is not there', async () => {
    const call = listing(client, { repositoryNames: ['a0', 'one', 'nowhere'] })({});
    expect(await refusalOf(call)).toEqual(repositoryNotFound('one', '222222222222'));
    const elsewhere = listing(client, { repositoryNames: ['a0'], registryId: ACCOUNT })({});
    expect(await refusalOf(elsewhere)).toEqual(repositoryNotFound('a0'));
  });

  it('takes 100 names', async () => {
    const repositoryNames = Array.from({ length: 100 }, () => 'a0');
    expect((await listing(client, { repositoryNames })({})).items).toEqual(['a0']);
  });

  const NAME =
    'Member must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 2, ' +
    'Member must satisfy regular expression pattern: (?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*]';

  it.each([
    ['no names', { repositoryNames: [] }, 'repositoryNames', `${AT_LEAST} 1`],
    ['101 names', { repositoryNames: Array.from({ length: 101 }, () => 'a0') }, 'repositoryNames', `${AT_MOST} 100`],
    ['a name of one character', { repositoryNames: ['a0', 'a'] }, 'repositoryNames', NAME],
    ['a name of 257 characters', { repositoryNames: ['a'.repeat(257)] }, 'repositoryNames', NAME],
    ['a name in upper case', { repositoryNames: ['Ubuntu'] }, 'repositoryNames', NAME],
    ['a registry that cannot be', { registryId: '1' }, 'registryId', REGISTRY_ID_PATTERN],
    [
      'names and a page size',
      { repositoryNames: ['a0'], maxResults: 5 },
      'maxResults',
      "Cannot be used together with 'repositoryNames'",
    ],
    [
      'names and a token',
      { repositoryNames: ['a0'], nextToken: 'x' },
      'nextToken',
      "Cannot be used together with 'repositoryNames'",
    ],
  ])('refuses %s', async (_, input, parameter, constraint) => {
    expect(await refusalOf(listing(client, input)({}))).toEqual(violation(parameter, constraint));
  });

  it('takes names of 2 and of 256 characters', async () => {
    const repositoryNames = ['zz', 'z'.repeat(256)];
    expect(await refusalOf(listing(client, { repositoryNames })({}))).toEqual(repositoryNotFound('zz', '222222222222'));
  });

  describePaging(server, {
    max: 1000,
    listing: listing(),
    others: [
      listing(other),
      listing(client, { registryId: '333333333333' }),
      listing(server.clientOf({ accessKeyId: '222222222222', region: 'eu-west-1' })),
    ],
  });

  it.each([1, 2, 3, 6, 7, 8])('yields every repository once in pages of %d', async (size) => {
    const pages = await pagesOf(listing(), size, NAMES.length);
    expect(pages.flat()).toEqual(NAMES);
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
  });

  it('holds 100 where nothing else is said', async () => {
    const many = server.clientOf({ accessKeyId: '555555555555' });
    const names = Array.from({ length: 101 }, (_, number) => `many-${String(number).padStart(3, '0')}`);
    for (const repositoryName of names) await many.send(new CreateRepositoryCommand({ repositoryName }));
    const first = await listing(many)({});
    expect(first.items).toEqual(names.slice(0, 100));
    expect((await listing(many)({ nextToken: first.nextToken })).items).toEqual(names.slice(100));
  });
});
