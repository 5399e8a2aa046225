import { S3Client } from '@aws-sdk/client-s3';
import type { S3Place } from '../../../src/blobs/s3/open-stores.ts';
import { LyingS3 } from '../s3/lying-s3.ts';
import type { TestS3 } from '../s3/test-s3.ts';
import { ObjectBytes } from '../stored/object-bytes.ts';
import { RememberedBytes } from '../stored/remembered-bytes.ts';
import type { Scaled } from './environment.ts';

type Server = Pick<TestS3, 'endpoint' | 'credentials'>;

/** One for each server, as long as the worker. */
const clients = new Map<string, S3Client>();
let own: Promise<LyingS3> | undefined;
let made = 0;

/** A place of its own in the bucket that all tests share. */
export function freshS3Place({ s3: { endpoint, credentials, bucket } }: Scaled): S3Place {
  return { ...accessOf({ endpoint, credentials }), bucket, prefix: `${process.pid}/${++made}` };
}

export function objectBytes(place: S3Place, server: Server): ObjectBytes {
  return new ObjectBytes(place, clientOf(server));
}

/** A place in an S3 of this worker's own. */
export async function rememberedBytes(): Promise<RememberedBytes> {
  own ??= LyingS3.start();
  const s3 = await own;
  const place = { ...accessOf(s3), bucket: await s3.freshBucket(), prefix: 'lab' };
  return new RememberedBytes(place, clientOf(s3), s3.honest);
}

function accessOf({ endpoint, credentials }: Server) {
  return { endpoint, credentials, region: 'us-east-1', pathStyle: true };
}

function clientOf({ endpoint, credentials }: Server): S3Client {
  const client =
    clients.get(endpoint) ?? new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  clients.set(endpoint, client);
  return client;
}
