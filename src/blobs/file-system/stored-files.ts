import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { parseStorageKey, type StorageKey, type StoredName } from '../../model/ids.ts';
import type { StoredBytes, StoredFile } from '../blob-store.ts';
import { errorCode } from './error-code.ts';
import type { Layout } from './layout.ts';

/** How many files are looked at together; a folder of any size is read piece by piece. */
const TOGETHER = 64;
const SHARD = /^[0-9a-z]{2}$/;

/** Everything below the folders of the store. What comes or goes meanwhile may be in the answer or not. */
export async function* listFiles(layout: Layout): AsyncGenerator<StoredFile> {
  yield* filesOf(layout, layout.uploads, 'upload');
  for await (const entries of entriesOf(layout.blobs)) {
    for (const entry of entries) {
      const path = join(layout.blobs, entry.name);
      if (entry.isDirectory() && SHARD.test(entry.name)) yield* filesOf(layout, path, 'blob');
      else yield foreign(layout, path);
    }
  }
}

/** Of these keys those that have bytes, finished ones before unfinished ones. */
export async function statKeys(
  layout: Layout,
  keys: readonly StorageKey[],
): Promise<ReadonlyMap<StoredName, StoredBytes>> {
  const found = new Map<StoredName, StoredBytes>();
  for (let at = 0; at < keys.length; at += TOGETHER) {
    await Promise.all(
      keys.slice(at, at + TOGETHER).map(async (key) => {
        const bytes =
          storedBytes('blob', key, await statFile(layout.blob(key))) ??
          storedBytes('upload', key, await statFile(layout.upload(key)));
        if (bytes) found.set(key, bytes);
      }),
    );
  }
  return found;
}

async function* filesOf(layout: Layout, folder: string, kind: StoredBytes['kind']): AsyncGenerator<StoredFile> {
  for await (const entries of entriesOf(folder)) {
    const files = await Promise.all(
      entries.map(async ({ name }): Promise<StoredFile | undefined> => {
        const path = join(folder, name);
        const stats = await statFile(path);
        if (!stats) return undefined;
        const key = parseStorageKey(name);
        const inPlace = key !== undefined && (kind === 'upload' || basename(folder) === key.slice(-2));
        return (inPlace ? storedBytes(kind, key, stats) : undefined) ?? foreign(layout, path);
      }),
    );
    for (const file of files) if (file) yield file;
  }
}

/** The entries of a folder, some at a time; none of one that is gone. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent[]> {
  let pending: Dirent[] = [];
  try {
    for await (const entry of await opendir(folder, { bufferSize: TOGETHER })) {
      pending.push(entry);
      if (pending.length < TOGETHER) continue;
      yield pending;
      pending = [];
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  if (pending.length > 0) yield pending;
}

/** Links are not followed: what they lead to is not the store's. */
async function statFile(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function storedBytes(kind: StoredBytes['kind'], key: StorageKey, stats: Stats | undefined): StoredBytes | undefined {
  return stats?.isFile() ? { kind, key, size: stats.size, modifiedAt: stats.mtimeMs } : undefined;
}

function foreign(layout: Layout, path: string): StoredFile {
  return { kind: 'foreign', name: relative(layout.root, path) };
}
