import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerCheck } from '../../../src/cli/doctor/docker-check.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { isInsecure } from '../../../src/cli/doctor/registries-conf.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { passwordUntil, patientOfThisFile } from '../support/patient.ts';

const { well, around, diagnose } = patientOfThisFile();

/** The one problem that there is, which must be of that check. */
async function soleProblem(check: string, env: Readonly<Record<string, string>> = {}): Promise<Finding> {
  const { code, checks, problems } = await diagnose(env);
  const found = checks.filter(({ state }) => state === 'problem');
  expect([code, problems, found.map((finding) => finding.check)]).toEqual([1, 1, [check]]);
  return found[0] as Finding;
}

async function fineWith(check: string, env: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
  const { code, checks } = await diagnose(env);
  expect([code, checks.filter(({ state }) => state === 'problem')]).toEqual([0, []]);
  return checks.find((finding) => finding.check === check)?.says;
}

describe('aws', () => {
  const mend = () => `export AWS_ENDPOINT_URL_ECR=${well.endpoint}`;

  test('that goes to Amazon, or to another server', async () => {
    expect(await soleProblem('aws', { AWS_ENDPOINT_URL_ECR: '' })).toMatchObject({ mend: mend() });
    const other = await soleProblem('aws', { AWS_ENDPOINT_URL_ECR: 'http://localhost:4566' });
    expect(other).toMatchObject({ says: expect.stringContaining('localhost:4566, another server'), mend: mend() });
    const ignored = await soleProblem('aws', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' });
    expect(ignored.mend).toBe('unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS');
  });

  test('that comes here by another name, or by AWS_ENDPOINT_URL', async () => {
    await fineWith('aws', { AWS_ENDPOINT_URL_ECR: `http://127.0.0.1:${well.port}/` });
    const says = await fineWith('aws', { AWS_ENDPOINT_URL_ECR: '', AWS_ENDPOINT_URL: well.endpoint });
    expect(says).toBe('AWS_ENDPOINT_URL leads aws-cli 2.15.0 there');
  });

  test.each(['2.9.19', '1.27.0'])('of version %s, which does not know the variable', async (version) => {
    await well.home.program('aws', `echo 'aws-cli/${version} Python/3' >&2`);
    expect(await soleProblem('aws')).toMatchObject({
      says: expect.stringContaining(`aws-cli ${version} does not know`),
      mend: `alias aws='aws --endpoint-url ${well.endpoint}'`,
    });
  });
});

describe('region', () => {
  test('two variables that differ', async () => {
    const found = await soleProblem('region', { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' });
    expect(found.mend).toBe('export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1');
  });

  test('a login for another than the one of the AWS tools', async () => {
    const logins = { [well.host]: { endpoint: well.endpoint, region: 'eu-west-1' } };
    await well.home.write('.config/berth/logins.json', JSON.stringify({ logins }));
    expect(await soleProblem('region')).toMatchObject({
      says: 'the AWS tools speak for us-east-1, docker since berth login for eu-west-1',
      mend: `berth login ${well.host} --region us-east-1`,
    });
    expect(await fineWith('region', { AWS_REGION: 'eu-west-1' })).toBe('eu-west-1');
  });
});

describe('proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('that %s puts in the way', async (variable) => {
    const found = await soleProblem('proxy', { [variable]: 'http://proxy:3128', NO_PROXY: 'example.com' });
    expect(found.mend).toBe('export NO_PROXY=localhost,127.0.0.1,example.com no_proxy=localhost,127.0.0.1,example.com');
    expect(await soleProblem('proxy', { [variable]: 'http://proxy:3128' })).toBeDefined();
    expect(await soleProblem('proxy', { [variable]: 'http://p', NO_PROXY: '*', no_proxy: 'x' })).toBeDefined();
  });

  test.each(['localhost', 'x, .localhost ', '*', 'localhost:PORT'])(
    'that NO_PROXY=%s keeps out of the way',
    async (list) => {
      const env = { HTTP_PROXY: 'http://proxy:3128', NO_PROXY: list.replace('PORT', well.port) };
      expect(await fineWith('proxy', env)).toContain('not used for localhost');
    },
  );

  test('for TLS only', async () => {
    expect(await fineWith('proxy', { HTTPS_PROXY: 'http://proxy:3128' })).toBe('none');
  });
});

describe('login', () => {
  const mend = () => `berth login ${well.host}`;

  test('that nobody did, or that has ended', async () => {
    await well.home.write(well.home.dockerConfig, '{}');
    expect(await soleProblem('login')).toMatchObject({
      says: expect.stringContaining(`nobody has logged in to ${well.host}`),
      mend: mend(),
    });
    const auths = { [well.host]: { auth: passwordUntil('2026-01-01') } };
    await well.home.write(well.home.dockerConfig, JSON.stringify({ auths }));
    expect((await soleProblem('login')).says).toContain('ended 2026-01-01 00:00:00Z');
  });

  test("that has ended in podman's file, which hides what docker's has", async () => {
    const auths = { [well.host]: { auth: passwordUntil('2026-01-01') } };
    const path = await well.home.write('.config/containers/auth.json', JSON.stringify({ auths }));
    expect(await soleProblem('login')).toMatchObject({ says: expect.stringContaining(path), mend: mend() });
  });

  test('in a file that is broken', async () => {
    const path = await well.home.write(well.home.dockerConfig, '{"auths":');
    expect(await soleProblem('login')).toMatchObject({
      says: expect.stringContaining('is not sound JSON'),
      mend: `"\${EDITOR:-vi}" ${path}`,
    });
  });

  test('in a store that is not installed, and in one that is', async () => {
    const config = { auths: { [well.host]: {} }, credsStore: 'desktop' };
    await well.home.write(well.home.dockerConfig, JSON.stringify(config));
    expect((await soleProblem('login')).says).toContain('docker-credential-desktop, which is not on the PATH');
    await well.home.program('docker-credential-desktop', 'exit 1');
    expect(await fineWith('login')).toContain('by docker-credential-desktop');
  });
});

describe('helper', () => {
  const helped = async () => {
    const credHelpers = { [well.host]: 'berth' };
    await well.home.write(well.home.dockerConfig, JSON.stringify({ credHelpers }));
  };

  test('that works', async () => {
    await helped();
    await well.home.installHelper();
    expect(await fineWith('helper')).toContain('gives a password that the registry takes');
  });

  test('that is not on the PATH', async () => {
    await helped();
    expect(await soleProblem('helper')).toMatchObject({
      says: 'docker-credential-berth is not on the PATH',
      mend: expect.stringMatching(/docker-credential-berth\.js.*\/docker-credential-berth$/),
    });
  });

  test.each([
    [
      'echo "docker-credential-berth needs Node.js 24 or newer; this is v20."; exit 1',
      /needs Node\.js 24/,
      /berth\.js/,
    ],
    ['echo "nobody home"; exit 1', /nobody home$/, /^berth login /],
    ['exit 1', /it cannot be run$/, /docker-credential-berth\.js/],
    ['echo fine', /does not answer as a credential helper/, /docker-credential-berth\.js/],
    [`echo '{"Username":"AWS","Secret":"x"}'`, /does not take \(HTTP 401\)/, /^berth logout .* && berth login /],
  ])('that does this: %s', async (script, says, mend) => {
    await helped();
    await well.home.program('docker-credential-berth', script);
    const found = await soleProblem('helper');
    expect(found.says).toMatch(says);
    expect(found.mend).toMatch(mend);
  });
});

describe('docker', () => {
  const daemon = (info: object) =>
    well.home.program('docker', `echo '${JSON.stringify({ ServerVersion: '28.2.2', ...info })}'`);

  test('whose daemon has another loopback', async () => {
    await daemon({ OperatingSystem: 'Docker Desktop' });
    const found = await soleProblem('docker');
    expect(found.says).toContain('runs on the machine of Docker Desktop');
    expect(found.mend).toContain(`berth serve --host 0.0.0.0 --domain host.docker.internal --port ${well.port}`);
    await daemon({});
    expect((await soleProblem('docker', { DOCKER_HOST: 'tcp://10.0.0.1:2375' })).says).toContain('tcp://10.0.0.1:2375');
  });

  test('without a daemon is no problem of the way', async () => {
    await well.home.program('docker', 'echo "Cannot connect" >&2; exit 1');
    expect(await fineWith('docker')).toContain('no docker daemon answers');
  });

  test('that insists on TLS for another machine, unless it was told', async () => {
    const check = (host: string, files: Readonly<Record<string, string>> = {}) => {
      const endpoint = `http://${host}`;
      const sources = { env: around().env, readFile: (path: string) => files[path] };
      return dockerCheck({ endpoint, host, hosts: [host], access: [], sources, clock: systemClock });
    };
    const host = 'registry.test:5000';
    expect(await check(host)).toMatchObject({
      state: 'problem',
      mend: `echo '{ "insecure-registries": ["${host}"] }' | sudo tee /etc/docker/daemon.json && sudo systemctl restart docker`,
    });
    const { mend } = await check(host, { '/etc/docker/daemon.json': '{}' });
    expect(mend).toMatch(/^Add "insecure-registries": \["registry\.test:5000"\] to /);
    await daemon({
      RegistryConfig: { IndexConfigs: { [host]: { Secure: false } }, InsecureRegistryCIDRs: ['10.1.0.0/16'] },
    });
    expect(await check(host)).toMatchObject({ state: 'ok' });
    expect(await check('10.1.255.1:5000')).toMatchObject({ state: 'ok' });
    expect(await check('10.2.0.1:5000')).toMatchObject({ state: 'problem' });
  });
});

describe('podman, buildah and skopeo', () => {
  test('insist on TLS unless they are told', async () => {
    await well.home.write('.config/containers/registries.conf.d/berth.conf', '');
    const found = await soleProblem('containers');
    expect(found.says).toBe(`skopeo will insist on TLS for ${well.host}, which speaks plain HTTP`);
    expect(found.mend).toContain(`printf '[[registry]]\\nlocation = "${well.host}"\\ninsecure = true\\n`);
  });

  test.each([
    ['[[registry]]\nlocation = "r.test:1"\ninsecure = true', true],
    ['[[registry]]\n  prefix="r.test:1" # ours\n  location = "elsewhere"\n  insecure=true # yes', true],
    ['[[registry]]\nprefix = "*.test"\ninsecure = true', true],
    ["[registries.insecure]\nregistries = ['a', 'r.test:1']", true],
    ['[[registry]]\nlocation = "r.test:1"\n[[registry.mirror]]\nlocation = "m"\ninsecure = true', false],
    ['[[registry]]\nlocation = "r.test:1"\ninsecure = false', false],
    ['[[registry]]\nlocation = "r.test:1"\n[[registry]]\nlocation = "b"\ninsecure = true', false],
    ['[[registry]]\nlocation = "r.test"\ninsecure = true', false],
    ['[registries.search]\nregistries = ["r.test:1"]', false],
  ])('with %j: %s', async (text, expected) => {
    const path = await well.home.write('registries.conf', text);
    const { env, readFile } = around({ CONTAINERS_REGISTRIES_CONF: path });
    expect(isInsecure('r.test:1', env, readFile)).toBe(expected);
  });

  test('read what the user has before what the system has', () => {
    const [user, system] = ['/home/ann/.config/containers/registries.conf', '/etc/containers/registries.conf'];
    const entry = '[[registry]]\nlocation = "r.test"\ninsecure = true\n';
    const asked = (files: Readonly<Record<string, string>>) =>
      isInsecure('r.test', { HOME: '/home/ann' }, (path) => files[path]);
    expect([asked({ [system]: entry }), asked({ [user]: '', [system]: entry })]).toEqual([true, false]);
  });
});

test('what is not installed is not a problem', async () => {
  const { code, checks } = await diagnose({ PATH: join(well.home.path, 'nothing') });
  expect(code).toBe(0);
  const skipped = checks.filter(({ state }) => state === 'skipped').map(({ check }) => check);
  expect(skipped).toEqual(['aws', 'login', 'helper', 'docker', 'containers']);
});
