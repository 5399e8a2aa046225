import { describe, expect, test } from 'vitest';
import type { SettingName } from '../../src/config/settings.ts';
import { problems, resolve } from './given.ts';

const BAD: readonly (readonly [SettingName, string, ...string[]])[] = [
  ['profile', 'local or production', 'Local', 'prod', ''],
  ['host', 'an IP address or a host name', 'http://localhost', 'localhost:80', 'a b', '', '-a', 'a..b', '::g', 'é'],
  ['port', 'from 0 to 65535', '65536', '-1', '1.5', '0x10', ' 1', '1e3', '', 'http', '99999999999999999999'],
  ['dataDir', 'the path of a folder', '', 'a\0b'],
  ['databasePool', 'from 2 to 1000', '1', '1001', ''],
  ['databaseTimeout', 'a duration from 100ms', '0s', '2h', '30'],
  [
    'blobs',
    'files, or a bucket',
    'file',
    's3:bucket',
    's3://',
    's3://b',
    's3://B-with-capitals',
    's3://under_score',
    's3://bucket//a',
    's3://bucket/a//b',
    's3://bucket/../b',
    's3://bucket/a b',
    's3://bucket/a?b',
    'http://bucket/a',
    '',
  ],
  ['s3Endpoint', 'http:// or https://', 'localhost:9000', 's3.example.com', 'ftp://a', 'http://a/b', 'http://a?b', ''],
  ['s3PublicEndpoint', 'http:// or https://', 'a', 'http://user:hush@a'],
  ['s3Region', 'a region name', '', 'US'],
  ['s3PathStyle', 'true or false', 'yes'],
  ['s3Sse', 'AES256', 'aes256', 'kms', 'aws:kms:dsse', ''],
  ['s3KmsKey', 'the id, ARN or alias', '', 'a b'],
  ['blobRedirects', 'true or false', 'off'],
  ['account', '12 digits', '1234', '1234567890123', '12345678901a', '', '１２３４５６７８９０１２'],
  ['region', 'a region name', '', 'US-EAST-1', 'a_b', '-a', 'a-', 'a.b', 'a'.repeat(64)],
  ['domains', 'host names', 'http://a', 'a:80', 'a,,b', '*', '*.', '*.*.a', 'a.*', '*.127.0.0.1', 'a/b'],
  ['createOnPush', 'true or false', 'yes', '1', 'TRUE', ''],
  ['gcGrace', 'a duration', '1', '1.5h', '-1s', 'h', '1 h', '3651d', '1w', '', '1H'],
  ['gcLease', 'a duration', 'never', '10y'],
  ['gcInterval', 'a duration from 10ms to 24d', '9ms', '0s', '25d'],
  ['uploadExpiry', 'a duration from 1s', '999ms', '0s'],
  ['accelRedirect', 'off, or a path', '/', 'blobs/', '/blobs', '/../', '/a/./', '//a/', '/a b/', '/a%2f/', '/a;/', ''],
  ['logLevel', 'trace, debug, info', 'verbose', 'INFO', ''],
  ['logFormat', 'text or json', 'pretty', ''],
  ['maxRequests', 'a whole number', '0', '65537'],
  ['shutdownGrace', 'a duration', '30', '25d'],
];

describe.each(BAD)('%s', (name, accepted, ...values) => {
  test.each(values)('refuses %j, naming the setting, the value, its source and what is accepted', (value) => {
    const flag = name === 'domains' ? '--domain' : `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    const found = problems({ flags: { [name]: value } });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name}: '`));
    expect(found[0]).toContain(`'${value}' (from ${flag}) is not accepted: expected `);
    expect(found[0]).toContain(accepted);
  });
});

test('a bad value is told with its variable, or with its file and line', () => {
  expect(problems({ env: { BERTH_PORT: 'x' } })).toEqual([
    "port: 'x' (from BERTH_PORT) is not accepted: expected a whole number from 0 to 65535 (0 picks a free port)",
  ]);
  expect(problems({ files: { '/here/berth.yaml': '\n\nregion: A\n' } })[0]).toMatch(
    /^region: 'A' \(from \/here\/berth\.yaml:3\) is not accepted: /,
  );
});

test('a list or a map where one value belongs is refused, long ones shortened', () => {
  const [problem] = problems({ files: { '/here/berth.yaml': `port: [${'1, '.repeat(200)}2]` } });
  expect(problem).toMatch(/^port: \["1",/);
  expect(problem?.length).toBeLessThan(300);
  expect(problems({ files: { '/here/berth.yaml': 'domains: {a: b}' } })[0]).toContain('domains: {"a":"b"}');
});

test('every problem is reported at once', () => {
  expect(problems({ flags: { port: 'x' }, env: { BERTH_REGION: 'X', BERTH_NOPE: '1' } })).toHaveLength(3);
});

test('what may have a password in it is never repeated', () => {
  for (const database of [
    'postgre://ann:hush@db/berth',
    'ann:hush@db',
    'postgres:/ann:hush@db',
    'postgres://a b:hush@[',
    '',
  ]) {
    const [problem, ...others] = problems({ flags: { database } });
    expect(problem).toMatch(/^database: what --database says is not accepted: expected sqlite, or the address of /);
    expect(problem).not.toContain('hush');
    expect(others).toEqual([]);
  }
});

test('without a home folder a data folder must be named, unless nothing is kept there', () => {
  expect(problems({ env: { HOME: '' } })).toEqual([
    'dataDir: no default is to be had (HOME is not set): give --data-dir or BERTH_DATA_DIR',
  ]);
  expect(resolve({ env: { HOME: '', BERTH_DATA_DIR: 'here' } }).settings.dataDir).toBe('/here/here');
  const flags = { database: 'postgres://db/berth', blobs: 's3://berth' };
  expect(resolve({ env: { HOME: '' }, flags }).settings.dataDir).toBe('');
  expect(problems({ env: { HOME: '' }, flags: { database: flags.database } })).toHaveLength(1);
  expect(problems({ env: { HOME: '' }, flags: { blobs: flags.blobs } })).toHaveLength(1);
});

test('the data folder follows XDG_DATA_HOME, unless that is relative', () => {
  expect(resolve({ env: { XDG_DATA_HOME: '/data' } }).settings.dataDir).toBe('/data/berth');
  expect(resolve({ env: { XDG_DATA_HOME: 'data' } }).settings.dataDir).toBe('/home/ann/.local/share/berth');
});

test('a leading ~/ in a path is the home folder', () => {
  expect(resolve({ files: { '/here/berth.yaml': 'dataDir: ~/images' } }).settings.dataDir).toBe('/home/ann/images');
});
