import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import { pathBelowBlobs } from '../blobs/file-system/layout.ts';
import { openFileSystemStores } from '../blobs/file-system/open-stores.ts';
import type { Surroundings } from '../blobs/file-system/surroundings.ts';
import { StoreIdFile } from '../data-folder/store-id-file.ts';
import type { StorageKey } from '../model/ids.ts';
import type { StoreIdentity } from './bind-stores.ts';
import type { Places } from './places.ts';

/** Finished and arriving bytes, and what names the registry that they belong to. */
export interface Bytes extends AsyncDisposable {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly identity: StoreIdentity;
  readonly pathBelowBlobs: ((key: StorageKey) => string) | undefined;
}

/** @throws StartupRefusal */
export async function openBlobs({ dataDir }: Places, surroundings: Surroundings): Promise<Bytes> {
  return {
    ...(await openFileSystemStores(dataDir, surroundings)),
    identity: new StoreIdFile(dataDir),
    pathBelowBlobs,
    [Symbol.asyncDispose]: async () => {},
  };
}
