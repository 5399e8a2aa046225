import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { resolveAccess } from '../../src/config/server-access.ts';
import { problems as problemsOfServe } from './given.ts';

const NOBODY = {
  endpoint: 'http://127.0.0.1:4327',
  region: 'us-east-1',
  accessKeyId: 'test',
  secretAccessKey: 'test',
  sessionToken: undefined,
};
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hush' };

function problemsOf(flags: Parameters<typeof resolveAccess>[0], env: Record<string, string> = {}): readonly string[] {
  try {
    resolveAccess(flags, env);
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

test('BERTH_ENDPOINT does not stop a server from starting', () => {
  expect(problemsOfServe({ env: { BERTH_ENDPOINT: 'http://localhost:1', BERTH_PORT: 'x' } })).toHaveLength(1);
});
