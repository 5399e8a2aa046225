import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answer } from '../../src/cli/docker-credential/answer.ts';
import type { Clock } from '../../src/model/clock.ts';
import { type AdminServer, startAdminServer } from '../admin/support/admin-server.ts';
import { filesIn } from '../support/temp-folder.ts';
import { type Home, homeOf } from './support/home.ts';
import { otherServer } from './support/other-server.ts';

const HOUR = 3_600_000;
const NONE = { code: 1, out: 'credentials not found in native keychain\n' };

let server: AdminServer;
let host: string;
let home: Home;
beforeAll(async () => {
  server = await startAdminServer();
  host = new URL(server.endpoint).host;
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await homeOf();
  return () => home[Symbol.asyncDispose]();
});

interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

function helper(command: string | undefined, input = '', { env = {}, clock = server.clock }: Around = {}) {
  const sources = { env: { ...home.env, ...env }, readFile: () => undefined };
  return answer(command, input, { sources, clock, version: '1.2.3' });
}

async function secretFrom(input = host, around: Around = {}): Promise<string> {
  const { code, out } = await helper('get', input, around);
  expect([code, out]).toEqual([0, expect.stringContaining('"Username":"AWS"')]);
  return (JSON.parse(out) as { Secret: string }).Secret;
}

async function statusOf(secret: string, target = '/v2/'): Promise<number> {
  const authorization = `Basic ${Buffer.from(`AWS:${secret}`).toString('base64')}`;
  return (await fetch(`${server.endpoint}${target}`, { headers: { authorization } })).status;
}

describe('get', () => {
  test('answers the address as it was asked, the user AWS, and a password that the server takes', async () => {
    const { code, out } = await helper('get', `${host}\n`);
    expect(code).toBe(0);
    const { Secret, ...rest } = JSON.parse(out) as Record<string, string>;
    expect(rest).toEqual({ ServerURL: host, Username: 'AWS' });
    expect(await statusOf(String(Secret))).toBe(200);
    expect(out.trimEnd()).not.toContain('\n');
  });

  test('knows the address with a scheme and a path around it, too', async () => {
    await secretFrom(`https://${host}/v2/`);
  });

  test.each([
    'index.docker.io',
    'https://index.docker.io/v1/',
    'registry.example.com:5000',
    '0.0.0.0:1',
    'x y',
    '[',
    '//',
  ])('has no credentials for %s, in the words that docker knows, and asks nobody', async (address) => {
    expect(await helper('get', address)).toEqual(NONE);
  });

  test('has none for another registry on this machine, and signs nothing for it', async () => {
    const signed: (string | undefined)[] = [];
    await using other = await otherServer((request, response) => {
      signed.push(request.headers.authorization);
      response.writeHead(404).end('404 page not found');
    });
    expect(await helper('get', new URL(other.endpoint).host)).toEqual(NONE);
    expect(signed).toEqual([undefined]);
  });

  test('says what is wrong where somebody named that address for a Berth', async () => {
    await using other = await otherServer((_, response) => response.writeHead(404).end('404 page not found'));
    const { code, out } = await helper('get', new URL(other.endpoint).host, { env: other.env });
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(`What answers at ${other.endpoint} does not speak like Berth`),
    ]);
    expect(out.trimEnd()).not.toContain('\n');
  });

  test('says in one line that nobody answers, and that keys are refused', async () => {
    const gone = await otherServer(() => {});
    await gone[Symbol.asyncDispose]();
    expect(await helper('get', new URL(gone.endpoint).host)).toEqual({
      code: 1,
      out: `No server answers at ${gone.endpoint} (ECONNREFUSED): start one with 'berth serve', or see 'berth doctor'.\n`,
    });
    const wrong = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'wrong' };
    const { code, out } = await helper('get', host, { env: wrong });
    expect([code, out]).toEqual([1, expect.stringMatching(/^The request signature we calculated does not match.*\n$/)]);
    const half = await helper('get', host, { env: { AWS_ACCESS_KEY_ID: 'test' } });
    expect(half).toEqual({
      code: 1,
      out: expect.stringContaining('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together'),
    });
  });

  test('wants an address', async () => {
    expect(await helper('get', ' \n')).toEqual({ code: 1, out: 'no credentials server URL\n' });
  });
});

describe('a password', () => {
  test('is kept for the next time, where only this user may read it', async () => {
    const first = await secretFrom();
    expect(await secretFrom()).toBe(first);
    const kept = await filesIn(join(home.path, '.cache/berth'));
    expect(kept.size).toBe(1);
    for (const [file] of kept) expect(await home.mode(`.cache/berth/${file}`)).toBe(0o600);
    expect(await home.mode('.cache/berth/passwords')).toBe(0o700);
  });

  test('is kept for each key and each region by itself', async () => {
    const first = await secretFrom();
    const other = await secretFrom(host, { env: { AWS_ACCESS_KEY_ID: '111111111111', AWS_SECRET_ACCESS_KEY: 'x' } });
    const elsewhere = await secretFrom(host, { env: { AWS_REGION: 'eu-west-1' } });
    expect(new Set([first, other, elsewhere]).size).toBe(3);
    expect(await secretFrom()).toBe(first);
  });

  test('is made afresh an hour before its end, not earlier', async () => {
    const first = await secretFrom();
    const at = server.clock.now();
    // The server's clock stays: its own refusal is not what is tested here.
    expect(await secretFrom(host, { clock: { now: () => at + 10.9 * HOUR } })).toBe(first);
    server.clock.advance(11.1 * HOUR);
    const second = await secretFrom();
    expect(second).not.toBe(first);
    expect(await statusOf(first)).toBe(200);
  });

  test('that the server does not know any more is made afresh at once', async () => {
    await using one = await startAdminServer();
    await using other = await startAdminServer();
    const folder = '.cache/berth/passwords';
    const kept = async () => [...(await filesIn(join(home.path, folder))).keys()];
    await secretFrom(new URL(one.endpoint).host, one);
    const [first = ''] = await kept();
    const strange = await secretFrom(new URL(other.endpoint).host, other);
    const second = (await kept()).find((file) => file !== first) ?? '';
    // As if the other server had stood at the address of this one, with a data folder of its own.
    await home.write(`${folder}/${first}`, await home.read(`${folder}/${second}`));
    const fresh = await secretFrom(new URL(one.endpoint).host, one);
    expect(fresh).not.toBe(strange);
    expect(await secretFrom(new URL(one.endpoint).host, one)).toBe(fresh);
  });

  test('that many ask for at once is whole for each of them', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => secretFrom()));
    expect(await Promise.all(secrets.map((secret) => statusOf(secret)))).toEqual(Array(20).fill(200));
    const kept = await filesIn(join(home.path, '.cache/berth/passwords'));
    expect(kept.size).toBe(1);
    expect(secrets).toContain(await secretFrom());
  });

  test('that others may read is not used, nor one that is broken, nor a folder of others', async () => {
    const first = await secretFrom();
    const [file = ''] = [...(await filesIn(join(home.path, '.cache/berth/passwords'))).keys()];
    const path = join(home.path, '.cache/berth/passwords', file);
    await chmod(path, 0o644);
    const second = await secretFrom();
    expect(second).not.toBe(first);
    await writeFile(path, '{"secret":');
    await chmod(path, 0o600);
    const third = await secretFrom();
    expect(third).not.toBe(second);
    await chmod(join(home.path, '.cache/berth/passwords'), 0o755);
    expect(await secretFrom()).not.toBe(third);
    expect(await secretFrom()).not.toBe(third);
  });

  test('is given out where nothing can be kept', async () => {
    await home.write('.cache', 'a file in the way');
    await secretFrom();
    await secretFrom(host, { env: { HOME: '' } });
  });
});

describe('what berth login wrote', () => {
  const login = (entry: object) =>
    home.write('.config/berth/logins.json', JSON.stringify({ logins: { 'berth.test:80': entry } }));

  test('leads an address to its server, in its region', async () => {
    await login({ endpoint: server.endpoint, region: 'eu-west-1' });
    const secret = await secretFrom('berth.test:80', { env: { AWS_REGION: 'us-east-1' } });
    expect(await statusOf(secret)).toBe(200);
    expect(secret).not.toBe(await secretFrom());
    expect(await helper('list')).toEqual({ code: 0, out: '{"berth.test:80":"AWS"}\n' });
  });

  test('names the profile of the keys, unless the shell names another', async () => {
    await login({ endpoint: server.endpoint, region: 'us-east-1', profile: 'team' });
    const { out } = await helper('get', 'berth.test:80');
    expect(out).toContain("AWS_PROFILE: there is no profile 'team'");
    expect((await helper('get', 'berth.test:80', { env: { AWS_PROFILE: 'mine' } })).out).toContain("'mine'");
  });

  test('and somebody broke is said', async () => {
    await home.write('.config/berth/logins.json', '{"logins":[]}');
    const { code, out } = await helper('get', host);
    expect([code, out]).toEqual([1, expect.stringContaining('logins.json is not as')]);
  });
});

describe('store and erase', () => {
  const given = (address: string, secret: string, user = 'AWS') =>
    JSON.stringify({ ServerURL: address, Username: user, Secret: secret });

  test('what docker login was given goes first until it is erased', async () => {
    const own = await secretFrom();
    const others = await secretFrom(host, { env: { AWS_ACCESS_KEY_ID: '111111111111', AWS_SECRET_ACCESS_KEY: 'x' } });
    expect(await helper('store', given(host, others))).toEqual({ code: 0, out: '' });
    expect(await secretFrom()).toBe(others);
    expect(await helper('erase', `${host}\n`)).toEqual({ code: 0, out: '' });
    const fresh = await secretFrom();
    expect([own, others]).not.toContain(fresh);
    expect(await readdir(join(home.path, '.cache/berth/passwords'))).toHaveLength(1);
  });

  test('what has ended goes no more', async () => {
    const others = await secretFrom(host, { env: { AWS_ACCESS_KEY_ID: '111111111111', AWS_SECRET_ACCESS_KEY: 'x' } });
    await helper('store', given(host, others));
    server.clock.advance(12 * HOUR);
    expect(await statusOf(await secretFrom())).toBe(200);
  });

  test('other users, other passwords and other registries are refused', async () => {
    const own = await secretFrom();
    for (const input of [given(host, own, 'me'), given(host, 'hush'), given('docker.io', own)]) {
      const { code, out } = await helper('store', input);
      expect([code, out]).toEqual([1, expect.stringContaining('keeps passwords of Berth only')]);
      expect(out).not.toContain('hush');
    }
    expect(await helper('store', '{')).toEqual({ code: 1, out: 'no credentials server URL\n' });
    expect(await helper('erase', '')).toEqual({ code: 1, out: 'no credentials server URL\n' });
    expect(await helper('erase', 'docker.io')).toEqual({ code: 0, out: '' });
  });
});

test('version says what it is, and anything else how it is called', async () => {
  expect(await helper('version')).toEqual({ code: 0, out: 'docker-credential-berth 1.2.3\n' });
  for (const command of ['help', undefined]) {
    const { code, out } = await helper(command);
    expect([code, out]).toEqual([1, expect.stringContaining('get, store, erase, list or version')]);
  }
});

test('whatever stands on stdin, there is an answer', async () => {
  const host = fc.oneof(
    fc.domain(),
    fc.constantFrom('localhost:1', '127.0.0.1:1', '[::1]:1', '.', '..', 'a:', '__proto__'),
  );
  const url = fc
    .tuple(fc.constantFrom('', 'http://', 'https://', 'ftp://'), host, fc.string())
    .map((parts) => parts.join(''));
  const input = fc.oneof(
    fc.string(),
    url,
    fc.json(),
    url.map((ServerURL) => JSON.stringify({ ServerURL, Username: 'AWS', Secret: 'x' })),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('get', 'store', 'erase'), input, async (command, text) => {
      const { code, out } = await helper(command, text);
      expect(code === 1 ? out : `${out}\n`).toMatch(/^.*\n$/);
      expect([0, 1]).toContain(code);
    }),
    { numRuns: 300 },
  );
});
