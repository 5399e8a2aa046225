import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROUTES } from '../../src/admin/routes.ts';
import { freshRepository, imageNamed } from '../ecr/support/test-repository.ts';
import { samples } from '../support/scaled/environment.ts';
import { type Answer, serveThisFile } from './support/admin-server.ts';

const server = await serveThisFile();
const repository = await freshRepository(server.ecr.client);
await repository.push(imageNamed('a'), 'a');

const CODES = /^[A-Z][A-Za-z]+$/;

/** No error of ours, in the status or, once the answer has begun, in the last line. */
function expectSound(answer: Answer): void {
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers['x-amzn-requestid']).toBeDefined();
  if (answer.status >= 400) {
    expect(answer.json['code']).toMatch(CODES);
    expect(answer.json['message']).toBeTypeOf('string');
    expect(answer.text.length).toBeLessThan(2000);
  } else if (answer.headers['content-type'] === 'application/x-ndjson') {
    expect(answer.lines.at(-1)).toMatchObject({ kind: 'total' });
  }
}

const nasty = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 0.5, 1e308, 2 ** 53, 8.64e15, 8.64e15 + 1, '', ' ', '*', '\u0000'),
  fc.constantFrom<unknown>(repository.name, 'a', `sha256:${'0'.repeat(64)}`, '../..', '%', '\ud800', '\n'),
  fc.constantFrom<unknown>([], {}, [null], [{}], { length: 3 }, { toString: 1 }, 'x'.repeat(2000), '*a'.repeat(128)),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text)),
  fc.nat(1100).map((count): unknown => Array.from({ length: count }, () => ({ imageTag: 'a' }))),
);
const member = fc.constantFrom(
  'repositoryName',
  'imageIds',
  'selection',
  'all',
  'repository',
  'wait',
  'deep',
  'repair',
  '__proto__',
  'constructor',
);
const condition = fc.constantFrom('tagPattern', 'untagged', 'pushedBefore', 'notPulledSince', 'other');
const input = fc
  .tuple(
    fc.dictionary(member, nasty, { maxKeys: 3 }),
    fc.option(fc.dictionary(condition, nasty, { maxKeys: 3 }), { nil: undefined }),
    fc.boolean(),
  )
  .map(([members, selection, named]) => ({
    ...(named && { repositoryName: repository.name }),
    ...(selection && { selection }),
    ...members,
  }));
const posts = Object.entries(ROUTES).flatMap(([path, methods]) => ('POST' in methods ? [path] : []));
const gets = Object.entries(ROUTES).flatMap(([path, methods]) => ('GET' in methods ? [path] : []));

it('no body, however wrong, is answered with an error of the server', async () => {
  const property = fc.asyncProperty(fc.constantFrom(...posts), input, async (path, body) => {
    expectSound(await server.post(path, body));
  });
  await fc.assert(property, { numRuns: samples(400) });
});

it('no bytes in a body are', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => Buffer.from(text)),
  );
  const property = fc.asyncProperty(fc.constantFrom(...posts), bytes, async (path, body) => {
    expectSound(await server.send('POST', path, body));
  });
  await fc.assert(property, { numRuns: samples(200) });
});

it('no query is', async () => {
  const name = fc.constantFrom('name', 'after', 'limit', 'other', '%6eame');
  const value = fc.oneof(
    fc.constantFrom('', '0', '1', '1001', '1e3', 'team/app', '%00', '%ff', '%', '+', '%E2%82%AC', repository.name),
    fc.string({ unit: fc.constantFrom(...'abc%20/=+&;?'), maxLength: 10 }),
  );
  const query = fc.array(fc.tuple(name, value), { maxLength: 3 });
  const property = fc.asyncProperty(fc.constantFrom(...gets), query, async (path, pairs) => {
    expectSound(await server.get(`${path}?${pairs.map((pair) => pair.join('=')).join('&')}`));
  });
  await fc.assert(property, { numRuns: samples(200) });
});
