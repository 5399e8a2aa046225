import { open, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { StorageKey } from '../../model/ids.ts';
import { type BlobStore, type ByteRange, BytesMissing } from '../blob-store.ts';
import { errorCode } from './error-code.ts';
import type { Layout } from './layout.ts';
import { syncFolder } from './sync-folder.ts';

export class FileSystemBlobs implements BlobStore {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async open(key: StorageKey, range?: ByteRange): Promise<Readable> {
    try {
      const file = await open(this.#layout.blob(key), 'r');
      return file.createReadStream({
        highWaterMark: 256 * 1024,
        ...(range && { start: range.first, end: range.last }),
      });
    } catch (error) {
      throw errorCode(error) === 'ENOENT' ? new BytesMissing(key) : error;
    }
  }

  async erase(keys: readonly StorageKey[]): Promise<ReadonlyMap<StorageKey, Error>> {
    const failures = new Map<StorageKey, Error>();
    const touched = new Map<string, StorageKey[]>();
    for (const key of keys) {
      try {
        if (await this.#remove(this.#layout.upload(key))) note(touched, this.#layout.uploads, key);
        if (await this.#remove(this.#layout.blob(key))) note(touched, this.#layout.shard(key), key);
      } catch (error) {
        failures.set(key, error as Error);
      }
    }
    for (const [folder, removed] of touched) {
      try {
        await syncFolder(folder);
      } catch (error) {
        for (const key of removed) failures.set(key, error as Error);
      }
    }
    return failures;
  }

  /** Answers whether there was something to remove. */
  async #remove(path: string): Promise<boolean> {
    try {
      await unlink(path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}

function note(touched: Map<string, StorageKey[]>, folder: string, key: StorageKey): void {
  const keys = touched.get(folder);
  if (keys) keys.push(key);
  else touched.set(folder, [key]);
}
