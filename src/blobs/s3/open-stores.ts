import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Clock } from '../../model/clock.ts';
import type { Ids } from '../../model/ids.ts';
import type { BlobStore, UploadStore } from '../blob-store.ts';
import { Bucket, type Encryption } from './bucket.ts';
import { createClient, type S3Access } from './client.ts';
import { Presigner } from './presigner.ts';
import { S3Blobs } from './s3-blobs.ts';
import { NotLikeS3 } from './s3-error.ts';
import { S3Uploads } from './s3-uploads.ts';
import { Sightings } from './sightings.ts';
import { StoreIdentity } from './store-identity.ts';
import { explain } from './store-unreachable.ts';
import { type OnRequest, watchClient } from './watch-client.ts';

export interface S3Place extends S3Access {
  readonly bucket: string;
  /** What the names of all objects begin with; nothing else may write below it. */
  readonly prefix: string;
  /** How clients reach the store, where that is not how this process does: links lead there. */
  readonly publicEndpoint?: string | undefined;
  readonly sse?: Encryption | undefined;
}

export interface S3Stores extends AsyncDisposable {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly identity: StoreIdentity;
}

/**
 * Opens the blobs and uploads below a prefix of a bucket, which any number of processes may have open at a time.
 *
 * @throws StoreUnreachable when the bucket cannot be used: missing, denied, or not where it is said to be
 */
export async function openS3Stores(
  place: S3Place,
  { ids, clock, onRequest = () => {} }: { readonly ids: Ids; readonly clock: Clock; readonly onRequest?: OnRequest },
): Promise<S3Stores> {
  const { publicEndpoint = place.endpoint } = place;
  const client = createClient(place);
  const outside = publicEndpoint === place.endpoint ? client : createClient({ ...place, endpoint: publicEndpoint });
  const close = () => {
    client.destroy();
    outside.destroy();
  };
  try {
    const bucket = new Bucket(client, place.bucket, place.prefix, place.sse);
    const look = { Bucket: place.bucket, Prefix: bucket.layout.root, MaxKeys: 1 };
    if ((await client.send(new ListObjectsV2Command(look))).IsTruncated === undefined) throw new NotLikeS3();
    watchClient(client, onRequest);
    const sightings = new Sightings(clock);
    return {
      blobs: new S3Blobs(bucket, sightings, await Presigner.prepare(outside, place.bucket, clock)),
      uploads: new S3Uploads(bucket, ids, sightings),
      identity: new StoreIdentity(bucket),
      [Symbol.asyncDispose]: async () => close(),
    };
  } catch (error) {
    close();
    throw explain(error, place.bucket, place.endpoint);
  }
}
