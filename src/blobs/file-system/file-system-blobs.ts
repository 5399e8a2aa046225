import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { failpoint } from '../../model/failpoint.ts';
import { keyOf, type StorageKey, type StoredName } from '../../model/ids.ts';
import { type BlobStore, type ByteRange, BytesMissing, type StoredBytes, type StoredFile } from '../blob-store.ts';
import type { BlobStream } from '../blob-stream.ts';
import { errorCode } from './error-code.ts';
import { FileStream } from './file-stream.ts';
import type { Layout } from './layout.ts';
import { ReadBudget } from './read-budget.ts';
import { listFiles, statKeys } from './stored-files.ts';
import { NO_SURROUNDINGS, type Surroundings } from './surroundings.ts';
import { FolderNotDurable, syncFolder } from './sync-folder.ts';

const { O_RDONLY, O_NOFOLLOW } = constants;

export class FileSystemBlobs implements BlobStore {
  readonly #layout: Layout;
  readonly #surroundings: Surroundings;
  readonly #budget = new ReadBudget();

  constructor(layout: Layout, surroundings = NO_SURROUNDINGS) {
    this.#layout = layout;
    this.#surroundings = surroundings;
  }

  async open(key: StorageKey, range?: ByteRange): Promise<BlobStream> {
    return FileStream.open(await this.#openFile(key), this.#budget, range);
  }

  async erase(names: readonly StoredName[]): Promise<ReadonlyMap<StoredName, Error>> {
    // What other stores name otherwise is not here.
    const keys = names.filter(isKey);
    const failures = new Map<StoredName, Error>();
    const fail = (affected: readonly StorageKey[], error: unknown) => {
      for (const key of affected) failures.set(key, error as Error);
      if (error instanceof FolderNotDurable) this.#surroundings.onFatal(error);
    };
    await inGroups(keys, (key) => this.#remove(key).catch((error) => fail([key], error)));
    await failpoint('erase.unlinked');
    // Also where nothing was left to remove: an erasure before this one may have been cut short between the two steps.
    const folders = [...Map.groupBy(keys, (key) => this.#layout.shard(key)), [this.#layout.uploads, keys] as const];
    await inGroups(folders, ([folder, removed]) =>
      unlessMissing(syncFolder(folder)).catch((error) => fail(removed, error)),
    );
    await failpoint('erase.durable');
    return failures;
  }

  list(): AsyncIterable<StoredFile> {
    return listFiles(this.#layout);
  }

  stat(names: readonly StoredName[]): Promise<ReadonlyMap<StoredName, StoredBytes>> {
    return statKeys(this.#layout, names.filter(isKey));
  }

  async #openFile(key: StorageKey): Promise<FileHandle> {
    try {
      return await open(this.#layout.blob(key), O_RDONLY | O_NOFOLLOW);
    } catch (error) {
      throw errorCode(error) === 'ENOENT' ? new BytesMissing(key) : error;
    }
  }

  /** A key has bytes in one place or in none; those on their way from uploads to blobs are met where they arrive. */
  async #remove(key: StorageKey): Promise<void> {
    if (await unlinked(this.#layout.blob(key))) return;
    await unlinked(this.#layout.upload(key));
    await unlinked(this.#layout.blob(key));
  }
}

function isKey(name: StoredName): name is StorageKey {
  return keyOf(name) === name;
}

/**
 * Enough at once that a batch takes few turns of the event loop, which may be busy with deletions; few enough that a push
 * that waits for the disk is not far back in the queue.
 */
const GROUP = 24;

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < items.length; done += GROUP) {
    await Promise.all(items.slice(done, done + GROUP).map(work));
  }
}

/** Answers whether there was a file. */
async function unlinked(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return false;
  }
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
