import { LyingS3 } from './lying-s3.ts';
import { findServer, S3Process } from './s3-process.ts';
import type { TestS3 } from './test-s3.ts';

/** A real S3 where there is one, else the one of the tests, which is honest unless it is told to lie. */
export async function startAnyS3(): Promise<TestS3> {
  return findServer('versitygw') ? S3Process.start('versitygw') : LyingS3.start();
}
