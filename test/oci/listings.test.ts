import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildImage, makeRepository, putManifest } from '../support/images.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const TOO_MANY =
  "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'";
const NO_NUMBER = "The parameter 'n' must be a whole number from 0 to 1000";

/** Follows the links from page to page and answers the pages. */
async function pagesOf(server: OciServer, path: string, member: 'tags' | 'repositories'): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { status, headers, text } = await server.send(`GET ${next}`);
    expect(status).toBe(200);
    pages.push((JSON.parse(text) as Record<string, string[]>)[member] ?? []);
    const link: string | undefined = typeof headers['link'] === 'string' ? headers['link'] : undefined;
    next = link === undefined ? undefined : /^<(\/v2\/[^>]*)>; rel="next"$/.exec(link)?.[1];
    expect(next === undefined).toBe(link === undefined);
  }
  return pages;
}

async function withTags(server: OciServer, name: string, tags: readonly string[]): Promise<void> {
  const path = await makeRepository(server.stores.ports, name);
  const image = buildImage('tagged', { layers: [] });
  await server.pushImage(name, image);
  for (const tag of tags) await putManifest(server.stores.ports, path, image, tag);
}

test('tags are listed in order of their bytes', async () => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['v10', 'latest', 'v1', 'V2', '_x', 'v1.0', 'v1-', '0', 'a_b', 'a-b', 'a.b']);
  const answer = await server.send('GET /v2/team/app/tags/list');
  expect(answer.text).toBe(
    '{"name":"team/app","tags":["0","V2","_x","a-b","a.b","a_b","latest","v1","v1-","v1.0","v10"]}',
  );
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.headers).not.toHaveProperty('link');
  const head = await server.send('HEAD /v2/team/app/tags/list');
  expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': String(answer.text.length) } });
});

test('a repository without tags has an empty list, and a missing one none', async () => {
  await using server = await startOci();
  await server.pushImage('team/app', buildImage('untagged'));
  expect((await server.send('GET /v2/team/app/tags/list')).text).toBe('{"name":"team/app","tags":[]}');
  const sentence = "The repository with name 'gone' does not exist in the registry with id '000000000000'";
  expectFault(await server.send('GET /v2/gone/tags/list'), 404, 'NAME_UNKNOWN', sentence);
});

test('a page leads to the next, and the last page nowhere', async () => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['a0', 'b0', 'c0', 'd0', 'e0']);
  const first = await server.send('GET /v2/team/app/tags/list?n=2');
  expect(first.text).toBe('{"name":"team/app","tags":["a0","b0"]}');
  expect(first.headers['link']).toBe('</v2/team/app/tags/list?n=2&last=b0>; rel="next"');
  const second = await server.send('GET /v2/team/app/tags/list?n=2&last=b0');
  expect(second.headers['link']).toBe('</v2/team/app/tags/list?n=2&last=d0>; rel="next"');
  const third = await server.send('GET /v2/team/app/tags/list?n=2&last=d0');
  expect(third.text).toBe('{"name":"team/app","tags":["e0"]}');
  expect(third.headers).not.toHaveProperty('link');
  expect((await server.send('GET /v2/team/app/tags/list?n=5')).headers).not.toHaveProperty('link');
  expect((await server.send('GET /v2/team/app/tags/list?last=c0')).text).toBe('{"name":"team/app","tags":["d0","e0"]}');
  expect((await server.send('GET /v2/team/app/tags/list?last=cx')).text).toBe('{"name":"team/app","tags":["d0","e0"]}');
  expect((await server.send('GET /v2/team/app/tags/list?last=zz')).text).toBe('{"name":"team/app","tags":[]}');
});

test('a page of nothing is empty and leads nowhere', async () => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['a0', 'b0']);
  for (const n of ['0', '00']) {
    const answer = await server.send(`GET /v2/team/app/tags/list?n=${n}`);
    expect(answer.text).toBe('{"name":"team/app","tags":[]}');
    expect(answer.headers).not.toHaveProperty('link');
  }
  const catalog = await server.send('GET /v2/_catalog?n=0');
  expect(catalog.text).toBe('{"repositories":[]}');
  expect(catalog.headers).not.toHaveProperty('link');
});

test.each(['/v2/team/app/tags/list', '/v2/_catalog'])('%s takes up to a thousand at once', async (path) => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['a0']);
  expect((await server.send(`GET ${path}?n=1000`)).status).toBe(200);
  for (const n of ['1001', '1000000000000', '9'.repeat(300)]) {
    expectFault(await server.send(`GET ${path}?n=${n}`), 405, 'UNSUPPORTED', TOO_MANY);
  }
  for (const n of [
    '',
    '-1',
    '1.0',
    '1e3',
    '1e309',
    'NaN',
    '%2B5',
    '+5',
    '0x10',
    '%C2%B2',
    '%D9%A1',
    'all',
    '9'.repeat(301),
    '1%00',
  ]) {
    expectFault(await server.send(`GET ${path}?n=${n}`), 400, 'UNSUPPORTED', NO_NUMBER);
  }
  const twice = await server.send(`GET ${path}?n=1&n=2`);
  expectFault(twice, 400, 'UNSUPPORTED', "The parameter 'n' is there more than once");
  const lasts = await server.send(`GET ${path}?last=a&last=b`);
  expectFault(lasts, 400, 'UNSUPPORTED', "The parameter 'last' is there more than once");
});

test('without n a page has a thousand tags', async () => {
  await using server = await startOci();
  const tags = Array.from({ length: 1001 }, (_, i) => `t${String(i).padStart(4, '0')}`);
  await withTags(server, 'team/app', tags.slice(0, 1000));
  const more = buildImage('more', { layers: [] });
  await server.pushImage('team/app', more);
  await server.putManifest('team/app', more, tags[1000]);
  const pages = await pagesOf(server, '/v2/team/app/tags/list', 'tags');
  expect(pages.map((page) => page.length)).toEqual([1000, 1]);
  expect(pages.flat()).toEqual(tags);
});

test('following the links yields each tag once, in order, in as many pages as it takes', async () => {
  await using server = await startOci();
  const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(tag, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), async (tags, n) => {
      round += 1;
      await withTags(server, `property/r${round}`, tags);
      const pages = await pagesOf(server, `/v2/property/r${round}/tags/list?n=${n}`, 'tags');
      expect(pages.flat()).toEqual(tags.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(pages.length).toBeLessThanOrEqual(Math.ceil(tags.length / n) + 1);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(n);
    }),
    { numRuns: 15 },
  );
});

test('what is there throughout is listed once, whatever comes and goes between two pages', async () => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['a0', 'b0', 'c0', 'd0', 'e0', 'f0']);
  const seen: string[] = [];
  for (let next: string | undefined = '/v2/team/app/tags/list?n=2'; next !== undefined; ) {
    const { headers, text } = await server.send(`GET ${next}`);
    seen.push(...(JSON.parse(text) as { tags: string[] }).tags);
    await server.send(`DELETE /v2/team/app/manifests/${seen.at(-1)}`);
    await server.putManifest('team/app', buildImage('tagged', { layers: [] }), `a${seen.length}`);
    next = /<([^>]*)>/.exec(String(headers['link'] ?? ''))?.[1];
  }
  expect(seen).toEqual(['a0', 'b0', 'c0', 'd0', 'e0', 'f0']);
});

test('the catalog has the repositories of the registry in order of their bytes', async () => {
  await using server = await startOci();
  for (const name of ['team/b', 'app', 'team-a', 'team/a', 'team0']) await makeRepository(server.stores.ports, name);
  await makeRepository(server.stores.ports, 'elsewhere', { id: '222222222222', region: 'us-east-1' });
  const answer = await server.send('GET /v2/_catalog');
  expect(answer.text).toBe('{"repositories":["app","team-a","team/a","team/b","team0"]}');
  expect(answer.headers['content-type']).toBe('application/json');
  const first = await server.send('GET /v2/_catalog?n=3');
  expect(first.headers['link']).toBe('</v2/_catalog?n=3&last=team%2Fa>; rel="next"');
  expect(await pagesOf(server, '/v2/_catalog?n=3', 'repositories')).toEqual([
    ['app', 'team-a', 'team/a'],
    ['team/b', 'team0'],
  ]);
});

test('a link carries ns on and cannot be broken out of', async () => {
  await using server = await startOci();
  await withTags(server, 'team/app', ['a0', 'b0']);
  const ns = '000000000000.dkr.ecr.us-east-1.amazonaws.com';
  const answer = await server.send(`GET /v2/team/app/tags/list?n=1&ns=${ns}&last=%3E%0d%0aSet-Cookie:%20x`);
  expect(answer.headers['link']).toBe(`</v2/team/app/tags/list?n=1&last=a0&ns=${ns}>; rel="next"`);
  expect(answer.headers['oci-namespace']).toBe(ns);
  expect(answer.headers).not.toHaveProperty('set-cookie');
});

test.each(['app/tags/list', '_catalog'])('%s does not begin after what no name can be', async (path) => {
  await using server = await startOci();
  await withTags(server, 'app', ['v1']);
  const answer = await server.send(`GET /v2/${path}?last=v%00`);
  expectFault(answer, 400, 'UNSUPPORTED', "The parameter 'last' has the character U+0000");
});
