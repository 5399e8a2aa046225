import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import type { StorageKey } from '../model/ids.ts';
import type { StoreIdentity } from './bind-stores.ts';

/** Finished and arriving bytes, and what names the registry that they belong to. */
export interface Bytes extends AsyncDisposable {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly identity: StoreIdentity;
  /** Where the file of a finished blob is, below the folder `blobs`; undefined where blobs are no files. */
  readonly pathBelowBlobs: ((key: StorageKey) => string) | undefined;
}
