import type { Digest } from '../model/digest.ts';
import type { StorageKey } from '../model/ids.ts';
import type { BlobStream } from './blob-stream.ts';

/** Positions of the first and the last byte wanted, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What lies in a store under one key, at the moment of the look. */
export interface StoredBytes {
  /** `blob` when finished, `upload` when not. */
  readonly kind: 'blob' | 'upload';
  readonly key: StorageKey;
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
   * Erases finished and unfinished bytes under these keys; keys that have none are done already. When it fulfils, the bytes
   * of every key that is not among the answer's failures will not come back, even after a loss of power.
   */
  erase(keys: readonly StorageKey[]): Promise<ReadonlyMap<StorageKey, Error>>;

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

  /** Of these keys, those that have bytes, be they finished or not. */
  stat(keys: readonly StorageKey[]): Promise<ReadonlyMap<StorageKey, StoredBytes>>;
}

/** Bytes that are still arriving. One writer a key at a time. */
export interface UploadStore {
  /**
   * Writes the bytes at `offset`, dropping what lay beyond it, and answers the length after them. They are not durable yet.
   * @throws UploadBusy while another call holds the key
   * @throws BytesMissing when fewer than `offset` bytes are there: a crash has taken what was not durable, or they are a
   *   finished blob by now
   */
  append(key: StorageKey, offset: number, bytes: AsyncIterable<Uint8Array>): Promise<number>;

  /**
   * Drops what lies beyond the first `length` bytes.
   * @throws UploadBusy, BytesMissing as `append`
   */
  truncate(key: StorageKey, length: number): Promise<void>;

  /**
   * Makes the first `size` bytes a finished blob, durably. Without bytes the blob is the empty one.
   * @throws DigestMismatch when they are not what `digest` names; they stay as they are
   * @throws UploadBusy, BytesMissing as `append`
   */
  commit(key: StorageKey, size: number, digest: Digest): Promise<void>;
}

/** The store does not have bytes that the metadata says it has. */
export class BytesMissing extends Error {
  constructor(key: StorageKey) {
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
