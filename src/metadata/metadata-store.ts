import type { BlobReader, BlobWriter } from './blobs.ts';
import type { Collection } from './collection.ts';
import type { CollectionStatusReader } from './collection-status.ts';
import type { Graveyard } from './graveyard.ts';
import type { GraveyardReader } from './graveyard-reader.ts';
import type { ImageWriter } from './image-writer.ts';
import type { ImageReader } from './images.ts';
import type { Inspection } from './inspection.ts';
import type { Repairs } from './inspection-repairs.ts';
import type { LinkReader } from './link-reader.ts';
import type { LinkWriter } from './links.ts';
import type { Lookups } from './lookups.ts';
import type { Orphans } from './orphans.ts';
import type { RepositoryReader } from './repositories.ts';
import type { RepositoryWriter } from './repository-writer.ts';
import type { SecretReader, SecretWriter } from './secrets.ts';
import type { TagReader, TagWriter } from './tags.ts';
import type { TransferReader, TransferWriter } from './transfer.ts';
import type { UploadReader, UploadWriter } from './uploads.ts';
import type { UsageReader, UsageWriter } from './usage.ts';

/** What one consistent look at the metadata offers. */
export interface MetadataView {
  readonly repositories: RepositoryReader;
  readonly images: ImageReader;
  readonly tags: TagReader;
  readonly blobs: BlobReader;
  readonly uploads: UploadReader;
  readonly graveyard: GraveyardReader;
  readonly collection: CollectionStatusReader;
  readonly links: LinkReader;
  readonly usage: UsageReader;
  readonly inspection: Inspection;
  readonly transfer: TransferReader;
  readonly secrets: SecretReader;
}

/** What one transaction offers. */
export interface MetadataTransaction {
  readonly repositories: RepositoryWriter;
  readonly images: ImageWriter;
  readonly tags: TagWriter;
  readonly blobs: BlobWriter;
  readonly links: LinkWriter;
  readonly uploads: UploadWriter;
  readonly graveyard: Graveyard;
  readonly orphans: Orphans;
  readonly usage: UsageWriter;
  readonly collection: Collection;
  readonly repairs: Repairs;
  readonly secrets: SecretWriter;
  readonly transfer: TransferWriter;
}

/** How long a change takes: `bulk` is for those that may take as long as dozens of others, such as deleting a hundred images. */
export type Weight = 'short' | 'bulk';

/**
 * Everything Berth knows besides the bytes of blobs. A query cannot be written outside a view or a transaction, and
 * one that outlives its own fails.
 */
export interface MetadataStore extends AsyncDisposable {
  /** Runs `look` on one snapshot of the committed state. */
  read<T>(look: (view: MetadataView) => Promise<T>): Promise<T>;

  /** As `read`, for one lookup, which costs less than a view: a second one is refused. */
  lookUp<T>(look: (lookups: Lookups) => Promise<T>): Promise<T>;

  /**
   * As `read`, for a look that takes long: it stands in nobody's way. What is written meanwhile stays in the log beside the
   * database until the look is over. It breaks off when the store is closed.
   */
  inspect<T>(look: (view: MetadataView) => Promise<T>): Promise<T>;

  /** What the database itself finds wrong with its files: sentences, none when all is well. Reads everything; online. */
  check(): Promise<string[]>;

  /**
   * Runs `change` as one transaction. When the promise fulfils, the change is durable: it survives the loss of power. When
   * it rejects, nothing of it has happened. `change` must not wait for blobs or the network: others wait for it. Those that
   * take long say so (`bulk`), and let short ones go before.
   */
  write<T>(change: (tx: MetadataTransaction) => Promise<T>, weight?: Weight): Promise<T>;
}
