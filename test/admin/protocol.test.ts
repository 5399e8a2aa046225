import { describe, expect, it } from 'vitest';
import { KNOWN_KEY } from '../ecr/support/ecr-server.ts';
import { freshRepository, imageNamed } from '../ecr/support/test-repository.ts';
import { PREFIX, serveThisFile } from './support/admin-server.ts';

const server = await serveThisFile();
const PATHS = {
  GET: ['usage', 'usage/repositories', 'usage/repository?name=team/app', 'restorable?name=team/app', 'gc'],
  POST: ['images/plan', 'images/delete', 'restore', 'gc/run', 'fsck'],
};
const all = Object.entries(PATHS).flatMap(([method, paths]) => paths.map((path) => [method, path] as const));

describe('every path of the operator', () => {
  it.each(all)('%s %s refuses a request that is not signed', async (method, path) => {
    const answer = await server.send(method, path, '', {
      tamper: ({ authorization: _, ...headers }) => headers,
    });
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ code: 'MissingAuthenticationToken' });
  });

  it.each(all)('%s %s refuses a wrong signature', async (method, path) => {
    const answer = await server.send(method, path, '', { secretAccessKey: 'wrong' });
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({ code: 'InvalidSignature' });
  });

  it.each(all)('%s %s refuses a key that is known with the secret of another', async (method, path) => {
    const answer = await server.send(method, path, '', { accessKeyId: KNOWN_KEY.id });
    expect(answer.status).toBe(403);
  });

  it.each(all)('%s %s tells another method which it takes', async (method, path) => {
    const answer = await server.send('PUT', path, '');
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe(method);
    expect(answer.json['code']).toBe('Unsupported');
  });
});

describe('a request', () => {
  it('must be signed for ecr', async () => {
    expect((await server.get('usage', { service: 's3' })).status).toBe(403);
  });

  it('cannot have its body or its path changed on the way: a signed plan never becomes a deletion', async () => {
    const repository = await freshRepository(server.ecr.client);
    await repository.push(imageNamed('a'), 'a');
    const plan = { repositoryName: repository.name, imageIds: [{ imageTag: 'a' }] };
    const other = JSON.stringify({ repositoryName: repository.name, selection: { tagPattern: '*' } });
    const swappedBody = await server.post('images/delete', plan, { swapped: other });
    expect(swappedBody.status).toBe(403);
    let signed: Record<string, string> = {};
    await server.post('images/plan', plan, {
      tamper: (headers) => {
        signed = headers;
        return headers;
      },
    });
    const moved = await server.post('images/delete', plan, { tamper: () => signed });
    expect(moved.status).toBe(403);
    expect(await repository.list()).toHaveLength(1);
  });

  it('is refused with a document that says what, why and which request it was', async () => {
    const answer = await server.get('usage/repository?name=no/such');
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json).toEqual({
      code: 'RepositoryNotFound',
      message: "The repository with name 'no/such' does not exist in the registry with id '000000000000'",
      requestId: answer.headers['x-amzn-requestid'],
    });
  });

  it('for a path that does not exist is told which do', async () => {
    for (const path of ['nothing', '', 'usage/', 'constructor', '../v1/usage', 'usage/repositories/x']) {
      const answer = await server.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.json['message']).toContain(`${PREFIX}images/delete`);
    }
  });

  it('has a body of at most 1 MiB', async () => {
    const answer = await server.post('fsck', `{"deep":false${' '.repeat(1024 * 1024)}}`);
    expect(answer.status).toBe(413);
    expect(answer.json['code']).toBe('RequestTooLarge');
  });

  it('has no body where the method is GET, and no query where it is POST', async () => {
    expect((await server.send('GET', 'usage', '{}')).json['code']).toBe('MalformedRequest');
    expect((await server.post('fsck?deep=true', {})).json['code']).toBe('MalformedRequest');
    expect((await server.get('usage/repositories?limit=1&limit=2')).json['code']).toBe('MalformedRequest');
  });

  it('under a host name that is not allowed gets nowhere', async () => {
    const answer = await server.get('usage', { tamper: (signed) => ({ ...signed, host: 'rebound.example.com' }) });
    expect(answer.status).toBe(403);
    expect(answer.json['__type']).toBe('HostNotAllowed');
  });
});

describe('bad input', () => {
  const repositoryName = 'team/app';
  const identifier = { imageTag: 'a' };
  it.each<[string, string, object | string, string]>([
    ['no repository', 'images/plan', { imageIds: [identifier] }, "at 'repositoryName'"],
    ['no repository name', 'images/plan', { repositoryName: 'No', imageIds: [identifier] }, "at 'repositoryName'"],
    ['neither names nor a selection', 'images/delete', { repositoryName }, 'either imageIds or selection'],
    [
      'both names and a selection',
      'images/delete',
      { repositoryName, imageIds: [identifier], selection: { untagged: true } },
      'either imageIds or selection',
    ],
    ['no names', 'images/delete', { repositoryName, imageIds: [] }, "at 'imageIds'"],
    [
      'more than 1000 names',
      'images/delete',
      { repositoryName, imageIds: Array.from({ length: 1001 }, () => identifier) },
      'at most 1000',
    ],
    [
      'an unknown half of a name',
      'images/delete',
      { repositoryName, imageIds: [identifier, { tag: 'a' }] },
      "at 'imageIds[1]'",
    ],
    ['an empty selection', 'images/delete', { repositoryName, selection: {} }, 'one condition at least'],
    [
      'a condition that is not known',
      'images/delete',
      { repositoryName, selection: { untaged: true } },
      'Has untaged, but takes only',
    ],
    ['an empty pattern', 'images/plan', { repositoryName, selection: { tagPattern: '' } }, 'selection.tagPattern'],
    [
      'a pattern of 257 characters',
      'images/plan',
      { repositoryName, selection: { tagPattern: '*'.repeat(257) } },
      'less than or equal to 256',
    ],
    ['untagged: false', 'images/plan', { repositoryName, selection: { untagged: false } }, 'Must be true, or left out'],
    [
      'a pattern for the untagged',
      'images/plan',
      { repositoryName, selection: { untagged: true, tagPattern: '*' } },
      'no image can meet both',
    ],
    ['half a millisecond', 'images/plan', { repositoryName, selection: { pushedBefore: 0.5 } }, 'whole milliseconds'],
    ['an instant as text', 'images/plan', { repositoryName, selection: { pushedBefore: '1' } }, 'whole milliseconds'],
    ['two things to restore', 'restore', { repositoryName, all: true, repository: true }, 'exactly one of'],
    ['nothing to restore', 'restore', { repositoryName }, 'exactly one of'],
    ['a wait that is neither', 'gc/run', { wait: 'yes' }, "at 'wait'"],
    ['an option that is not known', 'fsck', { depp: true }, 'Has depp, but takes only deep, repair and force'],
    ['a list', 'fsck', '[]', 'not a JSON object'],
    ['no JSON', 'fsck', '{', 'not valid JSON'],
    ['a name twice', 'fsck', '{"deep":true,"deep":false}', 'stands twice'],
  ])('with %s is refused with a sentence', async (_, path, input, said) => {
    const answer = await server.post(path, input);
    expect(answer.status).toBe(400);
    expect(answer.json['message']).toContain(said);
  });

  it.each([
    ['usage/repositories?limit=0', "at 'limit'"],
    ['usage/repositories?limit=1001', "at 'limit'"],
    ['usage/repositories?limit=ten', "at 'limit'"],
    ['usage/repositories?page=1', 'Has page, but takes only after and limit'],
    ['usage?x=1', 'takes only no parameters'],
    ['usage/repository', "at 'name'"],
    ['restorable?name=%00', "at 'name'"],
  ])('in %s is refused with a sentence', async (path, said) => {
    const answer = await server.get(path);
    expect(answer.status).toBe(400);
    expect(answer.json['message']).toContain(said);
  });

  it('is not repeated at length', async () => {
    const answer = await server.post('fsck', { ['x'.repeat(100_000)]: 1 });
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(1000);
  });
});

describe('a text with a character that no name or tag can have', () => {
  it.each(['usage/repositories?after=a%00', 'restorable?name=team/app&after=image/%00'])(
    'is refused in %s',
    async (path) => {
      const answer = await server.get(path);
      expect(answer.status).toBe(400);
      expect(answer.json['message']).toContain('U+0000');
    },
  );

  it.each(['images/plan', 'images/delete'])('is refused as a pattern of tags in %s', async (path) => {
    const answer = await server.post(path, { repositoryName: 'team/app', selection: { tagPattern: 'v\u0000*' } });
    expect(answer.status).toBe(400);
    expect(answer.json['message']).toContain('U+0000');
  });

  it('names no image', async () => {
    const { name } = await freshRepository(server.ecr.client);
    const imageIds = [{ imageTag: 'v\u0000' }, { imageDigest: '\u0000' }];
    const answer = await server.post('restore', { repositoryName: name, imageIds });
    expect(answer.json['failures']).toHaveLength(2);
  });
});
