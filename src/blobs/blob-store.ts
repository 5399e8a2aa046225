import type { Digest } from '../model/digest.ts';
import type { StorageKey, StoredName } from '../model/ids.ts';
import type { BlobStream } from './blob-stream.ts';

/** Positions of the first and the last byte wanted, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What lies in a store under one name, at the moment of the look. */
export interface StoredBytes {
  /** `blob` when it can be opened, `upload` when not. Bytes of an upload may be of either kind, as the store sees fit. */
  readonly kind: 'blob' | 'upload';
  readonly key: StoredName;
  /** Bytes. */
  readonly size: number;
  /** By the clock of whoever keeps the bytes, in milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Something in the store's place that cannot be the store's own; `name` tells an operator where. */
export interface ForeignFile {
  readonly kind: 'foreign';
  readonly name: string;
}

export type StoredFile = StoredBytes | ForeignFile;

/** What a look at a store is to be like. */
export interface Look {
  /**
   * Bytes that were there within the last minute may be taken to be there still. That is sound for keys that a row was seen to
   * name just now: Berth erases nothing before its row is gone.
   */
  readonly recent?: boolean;
}

/** Finished bytes, each under a key that is used once and never again. */
export interface BlobStore {
  /**
   * Opens the bytes for reading, all of them or a range, which may be empty. When it fulfils, the first of them have been read. A
   * stream that is open stays readable to its end, whatever is erased meanwhile, and fails when there is less than the range.
   * It reads no more than one piece ahead of who takes it.
   * @throws BytesMissing when nothing is stored under the key: an alarm, not an answer
   */
  open(key: StorageKey, range?: ByteRange): Promise<BlobStream>;

  /**
   * Erases finished and unfinished bytes under these names; names that have none are done already. When it fulfils, the bytes
   * of every name that is not among the answer's failures will not come back, even after a loss of power.
   */
  erase(names: readonly StoredName[]): Promise<ReadonlyMap<StoredName, Error>>;

  /**
   * Everything that is stored, finished and unfinished, in no order and without holding much of it at a time. What was
   * there before and after the listing is in it; what comes or goes meanwhile may be.
   */
  list(): AsyncIterable<StoredFile>;

  /**
   * An address from which whoever has it may fetch these finished bytes, all of them or a range, for so many seconds.
   * Undefined where the store has none to give: then the bytes are had through `open`.
   */
  link?(key: StorageKey, seconds: number): Promise<string | undefined>;

  /** Of these names, those that have bytes, be they finished or not. */
  stat(names: readonly StoredName[], look?: Look): Promise<ReadonlyMap<StoredName, StoredBytes>>;
}

/**
 * Where an upload stands in its store. It begins with a key that has never been used, no bytes and no state, and moves on with
 * each append. Whoever keeps positions decides which one counts: a store that many write to at once may have bytes of several.
 */
export interface UploadPosition {
  readonly key: StorageKey;
  /** Bytes. */
  readonly length: number;
  /** The store's own note on where the bytes are, for nobody else to read. */
  readonly state: string | undefined;
}

/** Something in a store that takes space, and how many bytes of an upload it holds. */
export interface NamedBytes {
  readonly storageKey: StoredName;
  readonly size: number;
}

/** Bytes that are still arriving. */
export interface UploadStore {
  /**
   * Writes the bytes after those of a position, and answers where the upload stands then. They are not durable yet. The position
   * itself can still be gone on from, or committed, as long as its names are not erased; what was written after it is
   * dropped then.
   * @throws UploadBusy while another call holds the bytes, in a store that does not let two write
   * @throws BytesMissing when the bytes of the position are not there: a crash has taken what was not durable, they were erased,
   *   or they are a finished blob by now
   */
  append(at: UploadPosition, bytes: AsyncIterable<Uint8Array>): Promise<UploadPosition>;

  /**
   * Goes back to a position that `from` came from: what was written since will not be asked for, and its space is given back if
   * the store can.
   * @throws UploadBusy, BytesMissing as `append`
   */
  truncate(from: UploadPosition, to: UploadPosition): Promise<void>;

  /**
   * Makes the bytes of the position a finished blob, durably, and answers its key, which is among the position's names but for
   * the empty blob. Without bytes the blob is the empty one.
   * @throws DigestMismatch when they are not what `digest` names; they stay as they are
   * @throws UploadBusy, BytesMissing as `append`
   */
  commit(at: UploadPosition, digest: Digest): Promise<StorageKey>;

  /** Everything in the store that the position needs, and that has to be erased when nothing is to become of it. */
  namesOf(at: UploadPosition): readonly NamedBytes[];

  /**
   * What the store keeps apart for bytes that are not finished, as far as it was begun before `before`, in milliseconds since
   * the epoch by the store's clock. A writer that dies before its position is kept leaves some that nobody knows of.
   */
  listUnfinished?(before: number): AsyncIterable<StoredBytes>;
}

/** The store does not have bytes that the metadata says it has. */
export class BytesMissing extends Error {
  constructor(key: StoredName) {
    super(`The store has no bytes, or not enough of them, under ${key}`);
    this.name = 'BytesMissing';
  }
}

export class UploadBusy extends Error {
  constructor(key: StorageKey) {
    super(`Bytes are being written under ${key} already`);
    this.name = 'UploadBusy';
  }
}

export class DigestMismatch extends Error {
  constructor(key: StorageKey) {
    super(`The bytes under ${key} have another digest`);
    this.name = 'DigestMismatch';
  }
}
