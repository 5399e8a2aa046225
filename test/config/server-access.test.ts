import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { resolveAccess as resolve } from '../../src/config/server-access.ts';
import { problems as problemsOfServe } from './given.ts';

const NOBODY = {
  endpoint: 'http://127.0.0.1:4327',
  region: 'us-east-1',
  accessKeyId: 'test',
  secretAccessKey: 'test',
  sessionToken: undefined,
  keysFrom: 'built in, as no others are set',
};
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hush' };

type Flags = Parameters<typeof resolve>[0];
type Values = Readonly<Record<string, string>>;

const resolveAccess = (flags: Flags, env: Values, files: Values = {}) =>
  resolve(flags, { env: { HOME: '/home/ann', ...env }, readFile: (path) => files[path] });

function problemsOf(flags: Flags, env: Values = {}, files: Values = {}): readonly string[] {
  try {
    resolveAccess(flags, env, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the access was resolved');
}

describe('access to a server', () => {
  test('is to the local one, as test/test, where nobody says otherwise', () => {
    expect(resolveAccess({}, {})).toEqual(NOBODY);
    expect(resolveAccess({}, { BERTH_ENDPOINT: '', AWS_REGION: '', AWS_ACCESS_KEY_ID: '' })).toEqual(NOBODY);
  });

  test('is taken from the flag, then from BERTH_ENDPOINT, then from what the AWS tools use', () => {
    const env = { AWS_ENDPOINT_URL_ECR: 'http://c:3' };
    expect(resolveAccess({}, env).endpoint).toBe('http://c:3');
    expect(resolveAccess({}, { ...env, BERTH_ENDPOINT: 'http://b:2/' }).endpoint).toBe('http://b:2');
    const flags = { endpoint: 'https://A:443' };
    expect(resolveAccess(flags, { ...env, BERTH_ENDPOINT: 'http://b:2' }).endpoint).toBe('https://a');
  });

  test('is for the region of the flag, then of AWS_REGION, then of AWS_DEFAULT_REGION', () => {
    const env = { AWS_DEFAULT_REGION: 'c' };
    expect(resolveAccess({}, env).region).toBe('c');
    expect(resolveAccess({}, { ...env, AWS_REGION: 'b' }).region).toBe('b');
    expect(resolveAccess({ region: 'a' }, { ...env, AWS_REGION: 'b' }).region).toBe('a');
  });

  test('is signed with the keys of the environment, and the token that belongs to them only', () => {
    expect(resolveAccess({}, { ...KEYS, AWS_SESSION_TOKEN: 'token' })).toMatchObject({
      accessKeyId: 'AKIA',
      secretAccessKey: 'hush',
      sessionToken: 'token',
    });
    expect(resolveAccess({}, { AWS_SESSION_TOKEN: 'token' })).toEqual(NOBODY);
  });

  test.each([
    'localhost:4327',
    'ftp://host',
    'http://host/path',
    'http://host?x',
    'http://user:pw@host',
    'http://',
    'x',
  ])('is refused to %s, which is no endpoint', (endpoint) => {
    expect(problemsOf({ endpoint })).toEqual([expect.stringContaining(`'${endpoint}' (from --endpoint)`)]);
  });

  test('is refused with half a pair of keys, and no secret is repeated', () => {
    expect(problemsOf({}, { AWS_SECRET_ACCESS_KEY: 'hush' })).toEqual([expect.not.stringContaining('hush')]);
    expect(problemsOf({}, { AWS_ACCESS_KEY_ID: 'AKIA' })).toHaveLength(1);
    expect(problemsOf({}, { ...KEYS, AWS_ACCESS_KEY_ID: 'a\nb' })).toHaveLength(1);
    expect(problemsOf({}, { ...KEYS, AWS_SESSION_TOKEN: 'hu\nsh' })).toEqual([expect.not.stringContaining('hu')]);
  });

  test('is refused with every problem at once', () => {
    expect(problemsOf({ endpoint: 'x', region: 'X' }, { AWS_ACCESS_KEY_ID: 'AKIA' })).toHaveLength(3);
  });
});

const CREDENTIALS = '/home/ann/.aws/credentials';
const CONFIG = '/home/ann/.aws/config';
const pair = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key=hush # mine\n`;

describe("keys and region of the AWS tools' files", () => {
  test('are those of the profile default, and of AWS_PROFILE where it is set', () => {
    const files = {
      [CREDENTIALS]: `[default]\n${pair('FIRST')}\n[team]\r\n${pair('SECOND')}aws_session_token = token\n`,
      [CONFIG]: '[default]\nregion = one-1\n[profile  team]\nregion=two-2\ns3 =\n  region = not-this\n',
    };
    expect(resolveAccess({}, {}, files)).toMatchObject({
      accessKeyId: 'FIRST',
      secretAccessKey: 'hush',
      sessionToken: undefined,
      region: 'one-1',
      keysFrom: `profile default in ${CREDENTIALS}`,
    });
    const team = { accessKeyId: 'SECOND', sessionToken: 'token', region: 'two-2', profile: 'team' };
    expect(resolveAccess({}, { AWS_PROFILE: 'team' }, files)).toMatchObject(team);
    expect(resolveAccess({ region: 'x' }, { AWS_DEFAULT_PROFILE: 'team' }, files)).toMatchObject({
      ...team,
      region: 'x',
    });
  });

  test('come after those of the environment', () => {
    const files = { [CREDENTIALS]: `[default]\n${pair('FIRST')}`, [CONFIG]: '[default]\nregion = one-1\n' };
    expect(resolveAccess({}, { ...KEYS, AWS_REGION: 'two-2' }, files)).toMatchObject({
      accessKeyId: 'AKIA',
      region: 'two-2',
      keysFrom: 'AWS_ACCESS_KEY_ID',
    });
  });

  test('may lie elsewhere', () => {
    const env = { AWS_SHARED_CREDENTIALS_FILE: '~/keys', AWS_CONFIG_FILE: '/etc/aws' };
    const files = { '/home/ann/keys': `[default]\n${pair('FIRST')}`, '/etc/aws': '[default]\nregion = one-1\n' };
    expect(resolveAccess({}, env, files)).toMatchObject({ accessKeyId: 'FIRST', region: 'one-1' });
  });

  test.each(['sso_session = s', 'role_arn = r', 'credential_process = p'])(
    'are left to the AWS tools where the profile has %s, and the refusal says how to get them',
    (line) => {
      const files = { [CONFIG]: `[profile a b]\n${line}\n${pair('NOT-ITS-OWN')}` };
      expect(problemsOf({}, { AWS_PROFILE: 'a b' }, files)).toEqual([
        expect.stringContaining(`eval "$(aws configure export-credentials --profile 'a b' --format env)"`),
      ]);
      expect(resolveAccess({}, {}, { [CONFIG]: `[default]\n${line}\n` })).toEqual(NOBODY);
    },
  );

  test('are refused where the profile asked for is not there, has no keys or half a pair', () => {
    expect(problemsOf({}, { AWS_PROFILE: 'x' })).toEqual([expect.stringContaining("there is no profile 'x'")]);
    const files = { [CONFIG]: '[profile x]\nregion = one-1\n[default]\naws_secret_access_key = hush\n' };
    expect(problemsOf({}, { AWS_PROFILE: 'x' }, files)).toEqual([expect.stringContaining("'x' has no keys")]);
    expect(problemsOf({}, {}, files)).toEqual([expect.stringContaining(CONFIG)]);
    expect(problemsOf({}, {}, files)).toEqual([expect.not.stringContaining('hush')]);
  });

  test('are refused where a file cannot be read', () => {
    const readFile = () => {
      throw new Error('EACCES: permission denied');
    };
    expect(() => resolve({}, { env: { HOME: '/home/ann' }, readFile })).toThrow(`cannot read ${CREDENTIALS}: EACCES`);
  });
});

test('BERTH_ENDPOINT does not stop a server from starting', () => {
  expect(problemsOfServe({ env: { BERTH_ENDPOINT: 'http://localhost:1', BERTH_PORT: 'x' } })).toHaveLength(1);
});
