import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { openS3Stores } from '../../src/blobs/s3/open-stores.ts';
import { StoreUnreachable } from '../../src/blobs/s3/store-unreachable.ts';
import { randomIds } from '../../src/model/ids.ts';
import { LyingS3 } from '../support/s3/lying-s3.ts';
import { findServer, S3Process } from '../support/s3/s3-process.ts';
import { openOn, putObject } from '../support/s3/s3-under-test.ts';
import type { TestS3 } from '../support/s3/test-s3.ts';
import { TestClock } from '../support/test-clock.ts';

const lying = await LyingS3.start();
const real = findServer('versitygw') ? await S3Process.start('versitygw') : undefined;
const servers: readonly TestS3[] = real ? [lying, real] : [lying];
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

async function refusal(place: Partial<Parameters<typeof openS3Stores>[0]>): Promise<string> {
  const { endpoint, credentials } = lying;
  const defaults = { endpoint, credentials, region: 'us-east-1', pathStyle: true, prefix: '' };
  const opening = openS3Stores(
    { ...defaults, bucket: 'bucket', ...place },
    { ids: randomIds(), clock: new TestClock() },
  );
  const error = await opening.then(
    () => expect.unreachable(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnreachable);
  return (error as Error).message;
}

describe('A bucket that cannot be used is refused at the start, in words that say what to do:', () => {
  test('one that does not exist', async () => {
    for (const { endpoint } of servers) {
      const message = await refusal({ endpoint, bucket: 'missing' });
      expect(message).toBe(
        `the bucket missing does not exist at ${endpoint}\nCreate it, or name another one with --blobs.`,
      );
    }
  });

  test('one that these credentials must not use', async () => {
    lying.plant('ListObjectsV2', 'denied');
    const message = await refusal({ bucket: await lying.freshBucket() });
    expect(message).toMatch(/denies access to the bucket .*AccessDenied.*\nAllow these credentials to list/);
  });

  test('credentials that are wrong', async ({ skip }) => {
    if (!real) return skip('versitygw is not on this machine');
    const bucket = await real.freshBucket();
    const credentials = { ...real.credentials, secretAccessKey: 'wrong' };
    expect(await refusal({ endpoint: real.endpoint, bucket, credentials })).toMatch(
      /does not take the credentials \(SignatureDoesNotMatch.*\nSet AWS_ACCESS_KEY_ID/,
    );
    const unknown = { ...real.credentials, accessKeyId: 'unknown' };
    expect(await refusal({ endpoint: real.endpoint, bucket, credentials: unknown })).toMatch(
      /does not take the credentials/,
    );
  });

  test('an endpoint where nobody listens, and one where something else does', async () => {
    const server = createServer((_, response) => response.end('<html>hello</html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answered = refusal({ endpoint });
    await expect(answered).resolves.toMatch(/does not answer like S3 .*\nCheck --s3-endpoint/);
    await new Promise((resolve) => server.close(resolve));
    expect(await refusal({ endpoint })).toMatch(/cannot be reached at http.*ECONNREFUSED.*\nCheck --s3-endpoint/);
  });
});

describe('The words that say whose the bytes are', () => {
  test('are written once, and read by everybody', async () => {
    for (const server of servers) {
      await using one = await openOn(server);
      await using other = await openOn(server, { bucket: one.place.bucket });
      await using elsewhere = await openOn(server, { bucket: one.place.bucket, prefix: '' });
      expect(await one.identity.read()).toBeUndefined();
      const answers = await Promise.all([one.identity.putIfAbsent('one'), other.identity.putIfAbsent('other')]);
      expect(new Set(answers).size).toBe(1);
      expect(['one', 'other']).toContain(answers[0]);
      expect(await other.identity.putIfAbsent('third')).toBe(answers[0]);
      expect(await one.identity.read()).toBe(answers[0]);
      expect(await elsewhere.identity.read()).toBeUndefined();
    }
  });

  test('are written in a store that knows no conditions, too, and not where nobody knows what is there', async () => {
    await using stores = await openOn(lying);
    lying.plant('PutObject', 'not implemented');
    expect(await stores.identity.putIfAbsent('id')).toBe('id');
    lying.plant('GetObject', 'denied');
    await expect(stores.identity.putIfAbsent('id')).rejects.toThrow(/AccessDenied/);
    await putObject(stores, 'berth/one/store-id', '');
    expect(await stores.identity.read()).toBeUndefined();
  });
});
