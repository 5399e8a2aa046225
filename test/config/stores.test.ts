import { expect, test } from 'vitest';
import { showBlobs, showDatabase } from '../../src/config/places.ts';
import { run } from '../cli/fake-terminal.ts';
import { problems, resolve } from './given.ts';

const POSTGRES = 'postgres://ann@db.example.com/berth';

test('database and blobs are each where they are, whatever the other is', () => {
  for (const database of ['sqlite', POSTGRES]) {
    for (const blobs of ['files', 's3://bucket/prefix']) {
      const { settings } = resolve({ flags: { database, blobs } });
      expect([showDatabase(settings.database), showBlobs(settings.blobs)]).toEqual([database, blobs]);
    }
  }
});

test('no password is shown, wherever in the address it stands', async () => {
  for (const database of [
    'postgres://ann:hush@db.example.com:5433/berth',
    'postgres://ann:hu%40sh%3Ahush@db/berth',
    'postgresql:///berth?host=db&password=hush&user=ann',
  ]) {
    const { code, out, err } = await run(['config', 'show', '--database', database]);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('hush');
    expect(out).toMatch(/^database +postgres.*\*\*\*/m);
  }
});

test('a setting without the store that it is about is refused: somebody means another store', () => {
  expect(problems({ flags: { databasePool: '5' }, env: { BERTH_S3_ENDPOINT: 'http://a' } })).toEqual([
    'databasePool (from --database-pool) has no effect: it goes with --database postgres://…',
    's3Endpoint (from BERTH_S3_ENDPOINT) has no effect: it goes with --blobs s3://…',
  ]);
  expect(problems({ flags: { blobs: 's3://bucket', s3KmsKey: 'key' } })).toEqual([
    's3KmsKey (from --s3-kms-key) has no effect: it goes with --s3-sse aws:kms',
  ]);
  expect(problems({ flags: { blobs: 's3://bucket', accelRedirect: '/blobs/' } })[0]).toContain(
    'accelRedirect (from --accel-redirect) is for blobs in files',
  );
});

test('redirects may be turned off for files, too: there are none', () => {
  expect(resolve({ flags: { blobRedirects: 'false' } }).settings.blobRedirects).toBe(false);
});

test("the bucket's region is that of the AWS tools, unless it has its own", () => {
  const flags = { blobs: 's3://bucket' };
  expect(resolve({ flags, env: { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'x' } }).settings.s3Region).toBe(
    'eu-west-1',
  );
  expect(resolve({ flags, env: { AWS_DEFAULT_REGION: 'eu-west-2' } }).settings.s3Region).toBe('eu-west-2');
  const own = { ...flags, s3Region: 'garage' };
  expect(resolve({ flags: own, env: { AWS_REGION: 'eu-west-1' } }).settings.s3Region).toBe('garage');
});
