import { randomBytes } from 'node:crypto';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { randomIds } from '../../src/model/ids.ts';
import { blobListingContract } from '../contract/blob-listing.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { chunksOf } from '../support/images.ts';
import { openForContract } from '../support/s3/s3-for-contract.ts';
import { MINIO_KEY, S3Process, whyNoServer } from '../support/s3/s3-process.ts';
import { objectsIn, openOn } from '../support/s3/s3-under-test.ts';
import { TestClock } from '../support/test-clock.ts';

const reason = whyNoServer('minio');
const starting = reason === undefined ? S3Process.start('minio') : undefined;
afterAll(async () => (await starting)?.[Symbol.asyncDispose]());
const started = async () => (await starting) ?? (await S3Process.start('minio'));
const failingErasure = 'a real S3 erases whatever it is asked to';

describe('A real S3', () => {
  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });
  const open = async () => openForContract(await started());
  blobStoreContract('MinIO', open, { failingErasure });
  blobListingContract('MinIO', open);

  // Its own marks of encrypted parts are not those of the same parts in the clear.
  const encrypting = async () => openForContract(await started(), { sse: { kind: 'aws:kms', kmsKey: MINIO_KEY } });
  blobStoreContract('MinIO that encrypts', encrypting, { failingErasure });
  blobListingContract('MinIO that encrypts', encrypting);

  test.each([
    [{ kind: 'AES256' }, undefined],
    [{ kind: 'aws:kms', kmsKey: MINIO_KEY }, MINIO_KEY],
  ] as const)('keeps every object encrypted if it is asked to, and hands it out in the clear: %o', async (sse, key) => {
    await using stores = await openOn(await started(), { sse }, new TestClock(Date.now()));
    const contents = [Buffer.from('some words'), randomBytes(9 * 1024 * 1024)];
    for (const content of contents) {
      const begun = { key: randomIds().storageKey(), length: 0, state: undefined };
      const upload = await stores.uploads.append(begun, chunksOf(content));
      const name = await stores.uploads.commit(upload, digestOf(content));
      const fetched = await fetch((await stores.blobs.link?.(name, 60)) ?? '');
      expect(Buffer.from(await fetched.arrayBuffer()).equals(content)).toBe(true);
    }
    const names = [...(await objectsIn(stores)).keys()];
    expect(names.length).toBeGreaterThanOrEqual(contents.length);
    for (const Key of names) {
      const { ServerSideEncryption, SSEKMSKeyId } = await stores.client.send(
        new HeadObjectCommand({ Bucket: stores.place.bucket, Key }),
      );
      expect([Key, ServerSideEncryption]).toEqual([Key, sse.kind]);
      expect(SSEKMSKeyId?.split(/[:/]/).at(-1)).toBe(key);
    }
  });
});
