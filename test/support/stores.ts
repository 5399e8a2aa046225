import { join } from 'node:path';
import { openFileSystemStores } from '../../src/blobs/file-system/open-stores.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { randomIds } from '../../src/model/ids.ts';
import type { Ports, Retention } from '../../src/registry/ports.ts';
import { bytesIn, memoryFolder } from './temp-folder.ts';
import { TestClock } from './test-clock.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const TEST_RETENTION: Retention = {
  grace: 10 * MINUTE,
  lease: HOUR,
  upload: 24 * HOUR,
  undo: 0,
  referrers: 23 * HOUR,
};

/** The real stores, SQLite and the file system, in a folder of their own, under a clock that the test turns. */
export interface Stores {
  readonly ports: Ports;
  readonly clock: TestClock;
  /** The database file, for a look at rows that no port shows. */
  readonly databasePath: string;
  /** Where the blobs' bytes are. */
  readonly bytesFolder: string;
  bytesOnDisk(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StoresOptions {
  /** A folder that outlives the stores, to open them again; without it, one that goes with them. */
  readonly folder?: string;
  readonly clock?: TestClock;
  readonly retention?: Partial<Retention>;
  /** Hears the text of every statement. */
  readonly onQuery?: (sql: string) => void;
}

export async function openStores(options: StoresOptions = {}): Promise<Stores> {
  const own = options.folder === undefined ? await memoryFolder() : undefined;
  const folder = options.folder ?? own?.path ?? '';
  const clock = options.clock ?? new TestClock();
  const databasePath = join(folder, 'metadata.db');
  const bytesFolder = join(folder, 'bytes');
  const metadata = new SqliteMetadata(databasePath, options.onQuery && { onQuery: options.onQuery });
  const { blobs, uploads } = await openFileSystemStores(bytesFolder);
  const retention = { ...TEST_RETENTION, ...options.retention };
  return {
    ports: { metadata, blobs, uploads, clock, ids: randomIds(), retention },
    clock,
    databasePath,
    bytesFolder,
    bytesOnDisk: () => bytesIn(bytesFolder),
    [Symbol.asyncDispose]: async () => {
      await metadata[Symbol.asyncDispose]();
      await own?.[Symbol.asyncDispose]();
    },
  };
}
