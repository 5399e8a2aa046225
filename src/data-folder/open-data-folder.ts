import { randomUUID } from 'node:crypto';
import { access, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import { pathBelowBlobs } from '../blobs/file-system/layout.ts';
import { openFileSystemStores } from '../blobs/file-system/open-stores.ts';
import { makeFolder, syncFolder } from '../blobs/file-system/sync-folder.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { isFull } from '../metadata/sqlite/failure.ts';
import { SqliteMetadata } from '../metadata/sqlite/sqlite-metadata.ts';
import { isFault } from '../model/fault.ts';
import type { StorageKey } from '../model/ids.ts';
import type { Room } from '../model/room.ts';
import { DiskRoom } from './disk-room.ts';
import { lockFolder } from './lock.ts';

const STORE_ID = 'store-id';

/** Everything that lives in one folder, opened. */
export interface DataFolder extends AsyncDisposable {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly room: Room;
  /** Where the file of a finished blob is, below the folder `blobs`. */
  readonly pathBelowBlobs: (key: StorageKey) => string;
}

/** Who hears what the folder has to tell while it is open. */
export interface Listener {
  /**
   * Once: the disk has failed so that nobody knows what it holds. The metadata refuses everything from then on; the process
   * has to end, and whoever starts the next one should have looked at the disk.
   */
  readonly onFatal: (error: Error) => void;
  /** Nothing new is stored any more, for want of space, or it is again. */
  readonly onSpace: (isShort: boolean, cause?: unknown) => void;
  /** Something went wrong in the background and does no harm. */
  readonly onWarning: (error: unknown, what: string) => void;
}

/**
 *   <folder>/lock          held by the process that serves the folder
 *   <folder>/reserve       space for the time when the disk is full; see DiskRoom
 *   <folder>/berth.db      metadata
 *   <folder>/store-id      names the database that the blobs below belong to
 *   <folder>/blobs, uploads
 *
 * @throws StartupRefusal when another process holds the folder, its parts do not belong together, or its disk is full
 */
export async function openDataFolder(path: string, listener: Listener): Promise<DataFolder> {
  if (!(await exists(path))) await makeFolder(path);
  const lock = lockFolder(join(path, 'lock'));
  if (!lock) {
    throw new StartupRefusal(
      `the data folder ${path} is in use by another berth process\nStop that one, or choose another folder with --data-dir.`,
    );
  }
  try {
    // Before anything that writes: a folder that was left on a full disk needs what its reserve holds.
    const room = new DiskRoom(path, join(path, 'reserve'), { onChange: listener.onSpace });
    const preparing = room.prepare();
    const metadata = await openMetadata(path, room, listener);
    try {
      const stores = await openFileSystemStores(path, { room, onFatal: (error) => metadata.stop(error) });
      await checkStoreId(path, metadata);
      await preparing;
      return {
        ...stores,
        metadata,
        room,
        pathBelowBlobs,
        [Symbol.asyncDispose]: async () => {
          await metadata[Symbol.asyncDispose]();
          await room.close();
          lock[Symbol.dispose]();
        },
      };
    } catch (error) {
      await metadata[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    lock[Symbol.dispose]();
    if (!isFault(error, 'StorageFull') && !isFull(error)) throw error;
    throw new StartupRefusal(
      `the disk of the data folder ${path} is full\nFree some space, or choose another folder with --data-dir.`,
      { cause: error },
    );
  }
}

/** A missing database beside blobs is a lost one: an empty one in its place would take every blob for garbage. */
async function openMetadata(path: string, room: Room, listener: Listener): Promise<SqliteMetadata> {
  const database = join(path, 'berth.db');
  const storeId = await readStoreId(path);
  if (storeId !== undefined && !(await exists(database))) {
    throw new StartupRefusal(
      `the data folder ${path} has blobs but no berth.db\nRestore the database, or move the folder away to begin with an empty one.`,
    );
  }
  return new SqliteMetadata(database, { room, onFatal: listener.onFatal, onWarning: listener.onWarning });
}

async function checkStoreId(path: string, metadata: MetadataStore): Promise<void> {
  const fresh = Buffer.from(randomUUID());
  const known = await metadata.write((tx) => tx.secrets.getOrPut('store-id', fresh));
  const expected = Buffer.from(known).toString('utf8');
  const actual = await readStoreId(path);
  if (actual === undefined) return writeStoreId(path, expected);
  if (actual !== expected) {
    throw new StartupRefusal(
      `berth.db and the blobs in ${path} belong to different registries\nRestore the two from the same backup.`,
    );
  }
}

/** Absent also where there is an empty file: what a crash during the very first start may have left. */
async function readStoreId(path: string): Promise<string | undefined> {
  const file = join(path, STORE_ID);
  return (await exists(file)) ? (await readFile(file, 'utf8')).trim() || undefined : undefined;
}

/** Whole or not at all: under another name first. */
async function writeStoreId(path: string, id: string): Promise<void> {
  const draft = join(path, `${STORE_ID}.new`);
  {
    await using file = await open(draft, 'w', 0o600);
    await file.writeFile(`${id}\n`);
    await file.sync();
  }
  await rename(draft, join(path, STORE_ID));
  await syncFolder(path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
