import type { BlobReader, BlobWriter } from './blobs.ts';
import type { Collection } from './collection.ts';
import type { ImageWriter } from './image-writer.ts';
import type { ImageReader } from './images.ts';
import type { RepositoryReader, RepositoryWriter } from './repositories.ts';
import type { SecretWriter } from './secrets.ts';
import type { TagReader, TagWriter } from './tags.ts';
import type { UploadReader, UploadWriter } from './uploads.ts';

/** What one consistent look at the metadata offers. */
export interface MetadataView {
  readonly repositories: RepositoryReader;
  readonly images: ImageReader;
  readonly tags: TagReader;
  readonly blobs: BlobReader;
  readonly uploads: UploadReader;
}

/** What one transaction offers. */
export interface MetadataTransaction {
  readonly repositories: RepositoryWriter;
  readonly images: ImageWriter;
  readonly tags: TagWriter;
  readonly blobs: BlobWriter;
  readonly uploads: UploadWriter;
  readonly collection: Collection;
  readonly secrets: SecretWriter;
}

/**
 * Everything Berth knows besides the bytes of blobs. There are two doors and no other: a query cannot be written outside
 * a view or a transaction, and one that outlives its own fails.
 */
export interface MetadataStore extends AsyncDisposable {
  /** Runs `look` on one snapshot of the committed state. */
  read<T>(look: (view: MetadataView) => Promise<T>): Promise<T>;

  /**
   * Runs `change` as one transaction. When the promise fulfils, the change is durable: it survives the loss of power. When
   * it rejects, nothing of it has happened. `change` must not wait for blobs or the network: others wait for it.
   */
  write<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T>;
}
