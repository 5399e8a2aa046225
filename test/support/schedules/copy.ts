import { cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Embedded, findEmbedded } from '../stored/embedded.ts';
import { openStores, type Stores, type StoresOptions } from '../stores.ts';
import { memoryFolder } from '../temp-folder.ts';

/** What is stored at some moment, as a process that is killed then would leave it, for stores that are opened later. */
export interface Copy extends AsyncDisposable {
  /** Opens it, as a process does that starts. One copy of the same stores at a time. */
  open(options: Omit<StoresOptions, 'folder'>): Promise<Stores>;
}

/** Copies what is stored. No transaction may be under way. */
export async function copyOf(stores: Stores): Promise<Copy> {
  const embedded = findEmbedded(stores);
  return embedded ? copyFiles(embedded) : keepAll(stores);
}

async function copyFiles({ databasePath, bytesFolder }: Embedded): Promise<Copy> {
  const copy = await memoryFolder();
  mkdirSync(copy.path, { recursive: true });
  for (const suffix of ['', '-wal']) cpSync(databasePath + suffix, join(copy.path, basename(databasePath) + suffix));
  cpSync(bytesFolder, join(copy.path, basename(bytesFolder)), { recursive: true });
  return {
    open: (options) => openStores({ ...options, folder: copy.path }),
    [Symbol.asyncDispose]: () => copy[Symbol.asyncDispose](),
  };
}

/** Where the database takes back what was not committed when a connection ends, there is nothing to recover. */
async function keepAll(stores: Stores): Promise<Copy> {
  const [rows, bytes] = [await stores.rows.keep(), await stores.bytes.keep()];
  return {
    open: async (options) => {
      await rows.putBack();
      await bytes.putBack();
      return stores.openAgain(options);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
