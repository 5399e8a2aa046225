import { afterAll } from 'vitest';
import { blobListingContract } from '../contract/blob-listing.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { LyingS3 } from '../support/s3/lying-s3.ts';
import { openForContract } from '../support/s3/s3-for-contract.ts';

const s3 = await LyingS3.start();
// So that lists have pages.
s3.honest.page = 70;
afterAll(() => s3[Symbol.asyncDispose]());

blobStoreContract('S3, as the tests have it', () => openForContract(s3), {
  memory: 'the store itself is in the memory of the tests',
});
blobListingContract('S3, as the tests have it', () => openForContract(s3));
