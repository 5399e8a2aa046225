import { openS3Stores, type S3Place } from '../blobs/s3/open-stores.ts';
import { StoreUnreachable } from '../blobs/s3/store-unreachable.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import type { Around } from './around.ts';
import type { Bytes } from './bytes.ts';
import type { Places } from './places.ts';

/** Opens the bucket that is named by the settings. @throws StartupRefusal */
export async function openBucket(
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  places: Places,
  { ids, clock, listener }: Around,
): Promise<Bytes> {
  const { s3Endpoint, s3PublicEndpoint, s3Region, s3PathStyle } = places;
  const place: S3Place = {
    bucket,
    prefix,
    endpoint: s3Endpoint,
    publicEndpoint: s3PublicEndpoint,
    region: s3Region,
    pathStyle: s3PathStyle,
    sse: encryptionOf(places),
  };
  try {
    const stores = await openS3Stores(place, { ids, clock, onRequest: listener.counts.noteRequest });
    return { ...stores, pathBelowBlobs: undefined };
  } catch (error) {
    throw error instanceof StoreUnreachable ? new StartupRefusal(error.message, { cause: error }) : error;
  }
}

function encryptionOf({ s3Sse, s3KmsKey }: Places): S3Place['sse'] {
  switch (s3Sse) {
    case 'off':
      return undefined;
    case 'AES256':
      return { kind: s3Sse };
    case 'aws:kms':
      return { kind: s3Sse, kmsKey: s3KmsKey };
  }
}
