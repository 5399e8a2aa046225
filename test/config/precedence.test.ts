import { describe, expect, test } from 'vitest';
import type { SettingName, Settings } from '../../src/config/settings.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { resolve } from './given.ts';

const HOUR = 3_600_000;

/** For each setting: its default, then what a file, a variable and a flag say, as text, and what each of them means. */
const TABLE = {
  profile: {
    fallback: 'local',
    file: ['production', 'production'],
    env: ['local', 'local'],
    flag: ['production', 'production'],
  },
  host: {
    fallback: '127.0.0.1',
    file: ['0.0.0.0', '0.0.0.0'],
    env: ['LocalHost', 'localhost'],
    flag: ['[::1]', '::1'],
  },
  port: { fallback: 4327, file: ['1', 1], env: ['65535', 65_535], flag: ['0', 0] },
  dataDir: {
    fallback: '/home/ann/.local/share/berth',
    file: ['of-file', '/etc/of-file'],
    env: ['of-env', '/here/of-env'],
    flag: ['/of/flag', '/of/flag'],
  },
  database: {
    fallback: { kind: 'sqlite' },
    file: ['postgres://of-file/berth', { kind: 'postgres', url: 'postgres://of-file/berth' }],
    env: [
      'postgresql://ann:hush@[::1]:5433/berth?sslmode=verify-full',
      { kind: 'postgres', url: 'postgresql://ann:hush@[::1]:5433/berth?sslmode=verify-full' },
    ],
    flag: ['sqlite', { kind: 'sqlite' }],
  },
  databasePool: { fallback: 20, file: ['2', 2], env: ['100', 100], flag: ['1000', 1000] },
  databaseTimeout: { fallback: 30_000, file: ['100ms', 100], env: ['1h', HOUR], flag: ['5s', 5000] },
  blobs: {
    fallback: { kind: 'files' },
    file: ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    env: ['s3://a.bucket-2/', { kind: 's3', bucket: 'a.bucket-2', prefix: '' }],
    flag: ['s3://bucket/a/b_c/', { kind: 's3', bucket: 'bucket', prefix: 'a/b_c' }],
  },
  s3Endpoint: {
    fallback: undefined,
    file: ['http://localhost:9000', 'http://localhost:9000'],
    env: ['https://s3.example.com/', 'https://s3.example.com'],
    flag: ['http://[::1]:9000', 'http://[::1]:9000'],
  },
  s3PublicEndpoint: {
    fallback: undefined,
    file: ['https://a', 'https://a'],
    env: ['https://b:443', 'https://b'],
    flag: ['http://c', 'http://c'],
  },
  s3Region: {
    fallback: 'us-east-1',
    file: ['auto', 'auto'],
    env: ['garage', 'garage'],
    flag: ['eu-west-1', 'eu-west-1'],
  },
  s3PathStyle: { fallback: false, file: ['true', true], env: ['false', false], flag: ['true', true] },
  s3Sse: { fallback: 'off', file: ['AES256', 'AES256'], env: ['aws:kms', 'aws:kms'], flag: ['off', 'off'] },
  s3KmsKey: { fallback: undefined, file: ['alias/a', 'alias/a'], env: ['b', 'b'], flag: ['c', 'c'] },
  blobRedirects: { fallback: true, file: ['false', false], env: ['true', true], flag: ['false', false] },
  account: {
    fallback: '000000000000',
    file: ['000000000012', '000000000012'],
    env: ['111122223333', '111122223333'],
    flag: ['999999999999', '999999999999'],
  },
  region: { fallback: 'us-east-1', file: ['onprem-1', 'onprem-1'], env: ['x', 'x'], flag: ['eu-west-1', 'eu-west-1'] },
  domains: {
    fallback: [],
    file: ['[a.example, "*.b.example"]', ['a.example', '*.b.example']],
    env: ['c, d', ['c', 'd']],
    flag: [
      ['e', 'f,g'],
      ['e', 'f', 'g'],
    ],
  },
  sparseManifests: { fallback: false, file: ['true', true], env: ['false', false], flag: ['true', true] },
  createOnPush: { fallback: true, file: ['false', false], env: ['true', true], flag: ['false', false] },
  gcGrace: { fallback: HOUR, file: ['0s', 0], env: ['30s', 30_000], flag: ['90m', 1.5 * HOUR] },
  gcLease: { fallback: HOUR, file: ['2h', 2 * HOUR], env: ['7d', 168 * HOUR], flag: ['250ms', 250] },
  gcInterval: { fallback: 30_000, file: ['10ms', 10], env: ['1m', 60_000], flag: ['24d', 576 * HOUR] },
  undoWindow: { fallback: 0, file: ['1h', HOUR], env: ['3650d', 87_600 * HOUR], flag: ['7d', 168 * HOUR] },
  referrerExpiry: { fallback: 23 * HOUR, file: ['0s', 0], env: ['24h', 24 * HOUR], flag: ['90m', 1.5 * HOUR] },
  uploadExpiry: { fallback: 24 * HOUR, file: ['1s', 1000], env: ['48h', 48 * HOUR], flag: ['3650d', 87_600 * HOUR] },
  accelRedirect: { fallback: 'off', file: ['/a/', '/a/'], env: ['/b-1/_c/', '/b-1/_c/'], flag: ['/d.e/', '/d.e/'] },
  logLevel: { fallback: 'info', file: ['trace', 'trace'], env: ['silent', 'silent'], flag: ['warn', 'warn'] },
  logFormat: { fallback: 'text', file: ['json', 'json'], env: ['text', 'text'], flag: ['json', 'json'] },
  maxRequests: { fallback: 48, file: ['1', 1], env: ['100', 100], flag: ['65536', 65_536] },
  shutdownGrace: { fallback: 30_000, file: ['0s', 0], env: ['5s', 5000], flag: ['1m', 60_000] },
} as const satisfies {
  readonly [N in Exclude<SettingName, 'credentials'>]: {
    readonly fallback: Settings[N];
    readonly file: readonly [string, Settings[N]];
    readonly env: readonly [string, Settings[N]];
    readonly flag: readonly [string | readonly string[], Settings[N]];
  };
};

const VARIABLES: Readonly<Record<keyof typeof TABLE, string>> = {
  profile: 'BERTH_PROFILE',
  host: 'BERTH_HOST',
  port: 'BERTH_PORT',
  dataDir: 'BERTH_DATA_DIR',
  database: 'BERTH_DATABASE',
  databasePool: 'BERTH_DATABASE_POOL',
  databaseTimeout: 'BERTH_DATABASE_TIMEOUT',
  blobs: 'BERTH_BLOBS',
  s3Endpoint: 'BERTH_S3_ENDPOINT',
  s3PublicEndpoint: 'BERTH_S3_PUBLIC_ENDPOINT',
  s3Region: 'BERTH_S3_REGION',
  s3PathStyle: 'BERTH_S3_PATH_STYLE',
  s3Sse: 'BERTH_S3_SSE',
  s3KmsKey: 'BERTH_S3_KMS_KEY',
  blobRedirects: 'BERTH_BLOB_REDIRECTS',
  account: 'BERTH_ACCOUNT',
  region: 'BERTH_REGION',
  domains: 'BERTH_DOMAINS',
  createOnPush: 'BERTH_CREATE_ON_PUSH',
  sparseManifests: 'BERTH_SPARSE_MANIFESTS',
  gcGrace: 'BERTH_GC_GRACE',
  gcLease: 'BERTH_GC_LEASE',
  gcInterval: 'BERTH_GC_INTERVAL',
  undoWindow: 'BERTH_UNDO_WINDOW',
  referrerExpiry: 'BERTH_REFERRER_EXPIRY',
  uploadExpiry: 'BERTH_UPLOAD_EXPIRY',
  accelRedirect: 'BERTH_ACCEL_REDIRECT',
  logLevel: 'BERTH_LOG_LEVEL',
  logFormat: 'BERTH_LOG_FORMAT',
  maxRequests: 'BERTH_MAX_REQUESTS',
  shutdownGrace: 'BERTH_SHUTDOWN_GRACE',
};

/** What a setting goes with: the others do not matter to it. */
const WITH: Readonly<Partial<Record<SettingName, Readonly<Record<string, string>>>>> = {
  databasePool: { BERTH_DATABASE: 'postgres://db/berth' },
  databaseTimeout: { BERTH_DATABASE: 'postgres://db/berth' },
  s3Endpoint: { BERTH_BLOBS: 's3://bucket' },
  s3PublicEndpoint: { BERTH_BLOBS: 's3://bucket' },
  s3Region: { BERTH_BLOBS: 's3://bucket' },
  s3PathStyle: { BERTH_BLOBS: 's3://bucket' },
  s3Sse: { BERTH_BLOBS: 's3://bucket' },
  s3KmsKey: { BERTH_BLOBS: 's3://bucket', BERTH_S3_SSE: 'aws:kms' },
};

describe.each(Object.keys(TABLE) as (keyof typeof TABLE)[])('%s', (name) => {
  const row = TABLE[name];
  const others = WITH[name] ?? {};
  const files = { '/etc/berth.yaml': `# a comment\n${name}: ${row.file[0]}\n` };
  const inFile = { BERTH_CONFIG: '/etc/berth.yaml' };
  const inEnv = { [VARIABLES[name]]: row.env[0] };

  test('has its default where nothing is given', () => {
    const { settings, origins } = resolve({ env: others });
    expect([settings[name], origins[name]]).toEqual([row.fallback, 'default']);
  });

  test('comes from the file rather than from the default', () => {
    const { settings, origins } = resolve({ env: { ...others, ...inFile }, files });
    expect([settings[name], origins[name]]).toEqual([row.file[1], '/etc/berth.yaml:2']);
  });

  test('comes from the environment rather than from the file', () => {
    const { settings, origins } = resolve({ env: { ...others, ...inFile, ...inEnv }, files });
    expect([settings[name], origins[name]]).toEqual([row.env[1], VARIABLES[name]]);
  });

  test('comes from the flag rather than from the environment', () => {
    const env = { ...others, ...inFile, ...inEnv };
    const { settings, origins } = resolve({ flags: { [name]: row.flag[0] }, env, files });
    const flag =
      name === 'domains' ? '--domain' : VARIABLES[name].toLowerCase().replace('berth_', '--').replaceAll('_', '-');
    expect([settings[name], origins[name]]).toEqual([row.flag[1], flag]);
  });
});

test('the table covers every setting but the credentials, which only a file can give', () => {
  expect([...Object.keys(TABLE), 'credentials'].sort()).toEqual([...SETTING_NAMES].sort());
});

test('a bad value that a stronger source overrides does no harm', () => {
  expect(resolve({ flags: { port: '1' }, env: { BERTH_PORT: 'x' } }).settings.port).toBe(1);
});

test('profile production creates no repositories on push and logs JSON, unless told otherwise', () => {
  const { settings } = resolve({ flags: { profile: 'production' } });
  expect([settings.createOnPush, settings.logFormat]).toEqual([false, 'json']);
  expect(resolve({ flags: { profile: 'production', createOnPush: 'true' } }).settings.createOnPush).toBe(true);
});
