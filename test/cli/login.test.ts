import { lstat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installLine } from '../../src/cli/way/credential-program.ts';
import { runProgram } from '../../src/cli/way/run-program.ts';
import { type AdminServer, startAdminServer } from '../admin/support/admin-server.ts';
import { filesIn } from '../support/temp-folder.ts';
import { run } from './fake-terminal.ts';
import { documents } from './support/berth.ts';
import { type Home, homeOf } from './support/home.ts';
import { otherServer } from './support/other-server.ts';

let server: AdminServer;
let port: string;
let home: Home;
beforeAll(async () => {
  server = await startAdminServer();
  port = new URL(server.endpoint).port;
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await homeOf();
  await home.installHelper();
  return () => home[Symbol.asyncDispose]();
});

const berth = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(argv, { clock: server.clock, env: { ...home.env, BERTH_ENDPOINT: server.endpoint, ...env } });
const both = () => ({ [`localhost:${port}`]: 'berth', [`127.0.0.1:${port}`]: 'berth' });
const written = async () => [...(await filesIn(home.path)).keys()].filter((name) => !name.startsWith('programs/'));

describe('berth login', () => {
  test('writes the helper for both names of this machine, remembers the way, and says so', async () => {
    const { code, out, err } = await berth(['login']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`Logged in to localhost:${port} and 127.0.0.1:${port}.\n`);
    expect(out).toContain('Region us-east-1; access key test (built in');
    expect(out).toContain(`Wrote ${home.path}/.docker/config.json\n`);
    expect(out).toContain(`Next: docker push localhost:${port}/REPOSITORY:TAG\n`);
    expect(await home.json(home.dockerConfig)).toEqual({ credHelpers: both() });
    expect([await home.mode(home.dockerConfig), await home.mode('.docker')]).toEqual([0o600, 0o700]);
    const login = { endpoint: server.endpoint, region: 'us-east-1' };
    expect(await home.json('.config/berth/logins.json')).toEqual({
      logins: { [`localhost:${port}`]: login, [`127.0.0.1:${port}`]: login },
    });
    expect(await written()).toEqual(['.config/berth/logins.json', '.docker/config.json']);
  });

  test('takes the address as docker login does, and remembers region and profile', async () => {
    const readFile = () => '[team]\naws_access_key_id = test\naws_secret_access_key = test\n';
    const env = { AWS_PROFILE: 'team', BERTH_ENDPOINT: '' };
    const argv = ['login', `LOCALHOST:${port}`, '--region', 'eu-west-1', '--json'];
    const { code } = await run(argv, { clock: server.clock, env: { ...home.env, ...env }, readFile });
    expect(code).toBe(0);
    expect(await home.json('.config/berth/logins.json')).toMatchObject({
      logins: { [`localhost:${port}`]: { endpoint: `http://localhost:${port}`, region: 'eu-west-1', profile: 'team' } },
    });
  });

  test('keeps all that stands in a file, its form and its mode', async () => {
    const before =
      '{\n    "auths": {"b": {}, "a": {}},\n    "HttpHeaders": {"x": "é"},\n    "credHelpers": {\n        "z": "ecr-login"\n    },\n    "unknown": [1, null]\n}\n';
    await home.write(home.dockerConfig, before, 0o640);
    expect((await berth(['login'])).code).toBe(0);
    const after = await home.read(home.dockerConfig);
    expect(await home.mode(home.dockerConfig)).toBe(0o640);
    expect(JSON.parse(after)).toEqual({ ...JSON.parse(before), credHelpers: { z: 'ecr-login', ...both() } });
    expect(Object.keys(JSON.parse(after))).toEqual(['auths', 'HttpHeaders', 'credHelpers', 'unknown']);
    expect(after).toMatch(/^\{\n {4}"auths": \{\n {8}"b"/);
    expect(after.endsWith('}\n')).toBe(true);
    expect((await berth(['logout'])).code).toBe(0);
    expect(JSON.parse(await home.read(home.dockerConfig))).toEqual(JSON.parse(before));
  });

  test.each([
    ['on one line', '{"auths":{}}', /^\{"auths":\{\},"credHelpers":\{"localhost:\d+":"berth",.*\}\}$/],
    [
      'with tabs and no end of line',
      '{\n\t"auths": {}\n}',
      /^\{\n\t"auths": \{\},\n\t"credHelpers": \{\n\t\t"localhost[^\r]*\}$/,
    ],
    [
      'with the line ends of Windows',
      '{\r\n  "auths": {}\r\n}\r\n',
      /^\{\r\n {2}"auths": \{\},\r\n {2}"credHelpers": \{\r\n.*\}\r\n$/s,
    ],
    ['that is empty', '', /^\{\n\t"credHelpers": \{\n[^\r]*\}\n$/],
  ])('leaves a file %s in its form', async (_, before, after) => {
    await home.write(home.dockerConfig, before);
    expect((await berth(['login'])).code).toBe(0);
    expect(await home.read(home.dockerConfig)).toMatch(after);
  });

  test('writes where a link leads, and leaves the link', async () => {
    await home.write('dotfiles/docker.json', '{}');
    await home.write('.docker/other', '');
    await symlink(join(home.path, 'dotfiles/docker.json'), join(home.path, '.docker/config.json'));
    expect((await berth(['login'])).code).toBe(0);
    expect(await home.json('dotfiles/docker.json')).toEqual({ credHelpers: both() });
    expect((await lstat(join(home.path, '.docker/config.json'))).isSymbolicLink()).toBe(true);
  });

  test("writes the files of podman and skopeo that are there, for they come before docker's", async () => {
    await home.write('.config/containers/auth.json', '{"auths":{}}');
    await home.write('run/containers/auth.json', '{"auths":{}}');
    const env = { XDG_RUNTIME_DIR: join(home.path, 'run') };
    expect((await berth(['login'], env)).out.match(/^Wrote /gm)).toHaveLength(3);
    expect(await home.json('run/containers/auth.json')).toEqual({ auths: {}, credHelpers: both() });
    expect(await home.json('.config/containers/auth.json')).toEqual({ auths: {}, credHelpers: both() });
    expect((await berth(['logout'], env)).code).toBe(0);
    expect(await home.json('run/containers/auth.json')).toEqual({ auths: {} });
  });

  test('writes the file that REGISTRY_AUTH_FILE names, and the one of DOCKER_CONFIG', async () => {
    const env = { REGISTRY_AUTH_FILE: join(home.path, 'auth.json'), DOCKER_CONFIG: join(home.path, 'docker') };
    expect((await berth(['login'], env)).code).toBe(0);
    expect(await home.json('auth.json')).toEqual({ credHelpers: both() });
    expect(await home.json('docker/config.json')).toEqual({ credHelpers: both() });
  });

  test('says which helper it takes the place of', async () => {
    await home.write(home.dockerConfig, JSON.stringify({ credHelpers: { [`localhost:${port}`]: 'ecr-login' } }));
    expect((await berth(['login'])).out).toContain('config.json (instead of the helper ecr-login)\n');
  });

  test('has the line with which podman and skopeo take plain HTTP, where they are installed and were not told', async () => {
    await home.program('skopeo', 'exit 1');
    expect((await berth(['login'])).out).toMatch(
      /\nskopeo will insist on TLS for localhost:\d+, which speaks plain HTTP\. Once:\nmkdir -p .*berth\.conf\n$/,
    );
  });

  test('once more changes nothing', async () => {
    await berth(['login']);
    const before = await home.read(home.dockerConfig);
    const { code, out } = await berth(['login']);
    expect([code, out]).toEqual([0, expect.stringContaining("The clients' files name the helper already.\n")]);
    expect(await home.read(home.dockerConfig)).toBe(before);
  });

  test('--dry-run tries the way and writes nothing', async () => {
    const { code, out } = await berth(['login', '--dry-run']);
    expect([code, out]).toEqual([0, expect.stringContaining(`Would write ${home.path}/.docker/config.json\n`)]);
    expect(await written()).toEqual([]);
    const { out: json } = await berth(['login', '--dry-run', '--json']);
    expect(documents(json)).toEqual([
      {
        hosts: Object.keys(both()),
        endpoint: server.endpoint,
        region: 'us-east-1',
        accessKeyId: 'test',
        written: [join(home.path, '.docker/config.json')],
        dryRun: true,
      },
    ]);
  });
});

describe('berth login changes nothing', () => {
  const refused = async (argv: readonly string[], env: Readonly<Record<string, string>>, sentence: string) => {
    const { code, out, err } = await berth(argv, env);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(sentence);
    expect(err).not.toContain('    at ');
    expect((await written()).filter((name) => name !== '.docker/config.json')).toEqual([]);
    return err;
  };

  test('where nobody answers', async () => {
    const gone = await otherServer(() => {});
    await gone[Symbol.asyncDispose]();
    await refused(['login'], gone.env, `No server answers at ${gone.endpoint} (ECONNREFUSED)`);
  });

  test('where somebody else answers', async () => {
    await using other = await otherServer((_, response) => response.end('{}'));
    await refused(['login'], other.env, 'does not speak like Berth');
  });

  test('where the keys are refused', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'wrong' };
    await refused(['login'], keys, 'The request signature we calculated does not match');
  });

  test('where the helper is not on the PATH, and gives the line that puts it there', async () => {
    const err = await refused(['login'], { PATH: '/nowhere' }, 'docker-credential-berth, which is not on the PATH');
    expect(err).toMatch(/\n.*docker-credential-berth\.js.* (?:\S*\/)?usr\/local\/bin\/docker-credential-berth\n$/);
  });

  test('where only npm has the helper on the PATH', async () => {
    await home.write('node_modules/.bin/docker-credential-berth', '#!/bin/sh\n', 0o755);
    const { code, err } = await berth(['login'], { PATH: join(home.path, 'node_modules/.bin') });
    expect([code, err]).toEqual([1, expect.stringContaining('not on the PATH')]);
  });

  test.each([
    ['{"auths":', 'is not sound JSON'],
    ['[]', 'is not a JSON object'],
    ['{"credHelpers":[]}', 'is not a JSON object'],
  ])("in docker's file if it is %s", async (text, sentence) => {
    await home.write(home.dockerConfig, text);
    await refused(['login'], {}, sentence);
    expect(await home.read(home.dockerConfig)).toBe(text);
  });

  test('where there is no place to write, and says so without a trace', async () => {
    await home.write('.config/berth', 'a file in the way');
    const { code, out, err } = await berth(['login']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: \S+logins\.json cannot be (?:read|written): .*\n$/);
    const homeless = await run(['login'], { env: { HOME: '', PATH: home.bin, BERTH_ENDPOINT: server.endpoint } });
    expect(homeless).toMatchObject({ code: 1, err: expect.stringMatching(/^error: There is no place .*HOME.*\n$/) });
  });

  test.each(['localhost:4327/app', 'ftp://x', 'a b', 'http://', 'x:'])('for the address %s', async (address) => {
    expect((await berth(['login', address])).code).toBe(2);
  });
});

test('the line that installs the helper works as it stands', async () => {
  await home.write('bin/keep', '');
  const { err } = await berth(['login'], { PATH: `${join(home.path, 'bin')}:/usr/bin:/bin` });
  const line = err.trimEnd().split('\n').at(-1) ?? '';
  expect(line).not.toContain('sudo');
  await home.program('sh-line', line);
  const env = { PATH: '/usr/bin:/bin', HOME: home.path };
  expect(await runProgram(join(home.bin, 'sh-line'), [], env)).toMatchObject({ code: 0 });
  const installed = join(home.path, 'bin/docker-credential-berth');
  expect(await runProgram(installed, ['version'], env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^docker-credential-berth \d/),
  });
});

test('the line does not lead to what npx has fetched for once', () => {
  const fetched = '/home/ann/.npm/_npx/0123/node_modules/berth/bin/docker-credential-berth.js';
  expect(installLine(home.env, fetched)).toBe('npm install --global berth');
});

describe('berth logout', () => {
  test('takes back what login wrote, forgets passwords, and needs no server', async () => {
    await berth(['login']);
    await home.write('.cache/berth/passwords/keep', '');
    const { code, out } = await berth(['logout', `127.0.0.1:${port}`], { BERTH_ENDPOINT: 'http://127.0.0.1:1' });
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`Logged out from localhost:${port} and 127.0.0.1:${port}.\n`),
    ]);
    expect(await home.json(home.dockerConfig)).toEqual({});
    expect(await home.json('.config/berth/logins.json')).toEqual({ logins: {} });
  });

  test('says so where nobody was logged in, and leaves other helpers alone', async () => {
    const text = JSON.stringify({ credHelpers: { [`localhost:${port}`]: 'ecr-login' } });
    await home.write(home.dockerConfig, text);
    const { code, out } = await berth(['logout']);
    expect([code, out]).toEqual([0, `Not logged in to localhost:${port} or 127.0.0.1:${port}.\n`]);
    expect(await home.read(home.dockerConfig)).toBe(text);
    expect(documents((await berth(['logout', '--json'])).out)).toEqual([{ hosts: Object.keys(both()), written: [] }]);
  });
});
