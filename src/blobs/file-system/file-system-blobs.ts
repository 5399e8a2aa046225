import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { StorageKey } from '../../model/ids.ts';
import { type BlobStore, type ByteRange, BytesMissing } from '../blob-store.ts';
import { errorCode } from './error-code.ts';
import type { Layout } from './layout.ts';
import { syncFolder } from './sync-folder.ts';

const { O_RDONLY, O_NOFOLLOW } = constants;

export class FileSystemBlobs implements BlobStore {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async open(key: StorageKey, range?: ByteRange): Promise<Readable> {
    try {
      const file = await open(this.#layout.blob(key), O_RDONLY | O_NOFOLLOW);
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
    const fail = (affected: readonly StorageKey[], error: unknown) => {
      for (const key of affected) failures.set(key, error as Error);
    };
    for (const key of keys) {
      try {
        await unlessMissing(unlink(this.#layout.upload(key)));
        await unlessMissing(unlink(this.#layout.blob(key)));
      } catch (error) {
        fail([key], error);
      }
    }
    // Also where nothing was left to remove: an erasure before this one may have been cut short between the two steps.
    const shards = Map.groupBy(keys, (key) => this.#layout.shard(key));
    for (const [folder, removed] of [...shards, [this.#layout.uploads, keys] as const]) {
      await unlessMissing(syncFolder(folder)).catch((error) => fail(removed, error));
    }
    return failures;
  }
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
