import { pathBelowBlobs } from '../blobs/file-system/layout.ts';
import { openFileSystemStores } from '../blobs/file-system/open-stores.ts';
import type { Surroundings } from '../blobs/file-system/surroundings.ts';
import { StoreIdFile } from '../data-folder/store-id-file.ts';
import type { Around } from './around.ts';
import type { Bytes } from './bytes.ts';
import type { Places } from './places.ts';

/** @throws StartupRefusal */
export async function openBlobs(places: Places, around: Around, surroundings: Surroundings): Promise<Bytes> {
  const { blobs, dataDir } = places;
  if (blobs.kind === 's3') {
    // Loaded where it is needed: the SDK is larger than all of Berth.
    const { openBucket } = await import('./open-bucket.ts');
    return openBucket(blobs, places, around);
  }
  return {
    ...(await openFileSystemStores(dataDir, surroundings)),
    identity: new StoreIdFile(dataDir),
    pathBelowBlobs,
    [Symbol.asyncDispose]: async () => {},
  };
}
