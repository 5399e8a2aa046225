import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import type { Clock } from '../model/clock.ts';
import type { Ids } from '../model/ids.ts';

/** What the rules stand on. Each rule names those it needs. */
export interface Ports {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly retention: Retention;
}

/** How long things are kept that nothing holds, all in milliseconds. */
export interface Retention {
  /** After the last image that named a blob is deleted: the blob's bytes, for downloads that began before. */
  readonly grace: number;
  /** After Berth has told a client that a blob is there: the blob, for the manifest that the client will push. */
  readonly lease: number;
  /** After its last byte: an upload that is never completed. */
  readonly upload: number;
  /** After its deletion: an image, a tag or a repository that may be restored. 0: never, as in ECR. */
  readonly undo: number;
  /** After the deletion of their subject: images that refer to it. */
  readonly referrers: number;
}
