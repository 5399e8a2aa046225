import type { BlobStore, UploadStore } from '../../../src/blobs/blob-store.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { Ids } from '../../../src/model/ids.ts';

/** What whoever opens stores gives them. */
export interface Around {
  readonly ids: Ids;
  readonly clock: Clock;
}

/** What a store of bytes holds beside every port, by the keys of the bytes. */
export interface Bytes {
  /** Opens the store, as a process does that starts. */
  open(around: Around): Promise<{ readonly blobs: BlobStore; readonly uploads: UploadStore }>;

  /** All that is there, finished or not, with its size, by its name in the store. */
  sizes(): Promise<ReadonlyMap<string, number>>;

  /** The name in the store of finished bytes. */
  nameOf(key: string): string;

  /** The key of what has this name, finished or not. */
  keyOf(name: string): string;

  /** Of finished bytes; undefined where there are none. */
  sizeOf(key: string): Promise<number | undefined>;

  /** Of finished bytes; undefined where there are none. */
  read(key: string): Promise<Buffer | undefined>;

  /** Puts finished bytes under the key, or others in the place of those that are there; of this date by the store's clock. */
  plant(key: string, bytes: Uint8Array, modifiedAt?: number): Promise<void>;

  /** Takes finished bytes away behind everybody's back. */
  lose(key: string): Promise<void>;

  /** Keeps everything as it is now, to be put back any number of times. */
  keep(): Promise<KeptBytes>;
}

export interface KeptBytes {
  putBack(): Promise<void>;
}

export async function totalOf(bytes: Bytes): Promise<number> {
  return [...(await bytes.sizes()).values()].reduce((sum, size) => sum + size, 0);
}
