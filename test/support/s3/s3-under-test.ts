import { DeleteObjectsCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { openS3Stores, type S3Place, type S3Stores } from '../../../src/blobs/s3/open-stores.ts';
import { randomIds } from '../../../src/model/ids.ts';
import { TestClock } from '../test-clock.ts';
import type { TestS3 } from './test-s3.ts';

export interface OpenedS3 extends S3Stores {
  readonly place: S3Place;
  readonly clock: TestClock;
  /** Speaks to the store past Berth. */
  readonly client: S3Client;
}

/** Stores in a bucket of their own, or in that of others, as another process would have them open. */
export async function openOn(s3: TestS3, more: Partial<S3Place> = {}, clock = new TestClock()): Promise<OpenedS3> {
  const { endpoint, credentials } = s3;
  const bucket = more.bucket ?? (await s3.freshBucket());
  const place = { endpoint, credentials, region: 'us-east-1', pathStyle: true, prefix: 'berth/one', ...more, bucket };
  const stores = await openS3Stores(place, { ids: randomIds(), clock });
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  return {
    ...stores,
    place,
    clock,
    client,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await stores[Symbol.asyncDispose]();
    },
  };
}

/** Names and sizes of all objects in the bucket. */
export async function objectsIn({ client, place }: OpenedS3): Promise<Map<string, number>> {
  const objects = new Map<string, number>();
  for (let token: string | undefined, more = true; more; ) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: place.bucket, ...(token !== undefined && { ContinuationToken: token }) }),
    );
    for (const { Key = '', Size = 0 } of page.Contents ?? []) objects.set(Key, Size);
    more = page.IsTruncated === true;
    token = page.NextContinuationToken;
  }
  return objects;
}

export async function putObject({ client, place }: OpenedS3, Key: string, Body: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: place.bucket, Key, Body: Buffer.from(Body) }));
}

export async function deleteObjects({ client, place }: OpenedS3, names: readonly string[]): Promise<void> {
  const Objects = names.map((Key) => ({ Key }));
  await client.send(new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects } }));
}
