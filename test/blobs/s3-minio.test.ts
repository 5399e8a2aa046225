import { afterAll, beforeEach, describe } from 'vitest';
import { blobListingContract } from '../contract/blob-listing.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { openForContract } from '../support/s3/s3-for-contract.ts';
import { S3Process, whyNoServer } from '../support/s3/s3-process.ts';

const reason = whyNoServer('minio');
const starting = reason === undefined ? S3Process.start('minio') : undefined;
afterAll(async () => (await starting)?.[Symbol.asyncDispose]());
const open = async () => openForContract((await starting) ?? (await S3Process.start('minio')));

describe('A real S3', () => {
  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });
  blobStoreContract('MinIO', open, {
    failingErasure: 'a real S3 erases whatever it is asked to',
  });
  blobListingContract('MinIO', open);
});
