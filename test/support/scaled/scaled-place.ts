import { openPostgres } from '../postgres/databases.ts';
import { FileBytes } from '../stored/file-bytes.ts';
import type { Place } from '../stored/place.ts';
import { PostgresRows } from '../stored/postgres-rows.ts';
import { memoryFolder } from '../temp-folder.ts';
import { giveDatabaseBack, takeDatabase } from './database-pool.ts';
import type { Scaled } from './environment.ts';

interface Taken {
  readonly url: string;
  readonly bytes: { readonly path: string } & AsyncDisposable;
}

/** By folder: what stays as long as the worker. */
const staying = new Map<string, Promise<Taken>>();

/** A database and a place for bytes of its own, or those that go with the folder and stay. */
export async function findScaledPlace(scaled: Scaled, folder?: string): Promise<Place> {
  const known = folder === undefined ? undefined : staying.get(folder);
  const taking = known ?? take(scaled);
  if (folder !== undefined) staying.set(folder, taking);
  const { url, bytes } = await taking;
  return {
    rows: new PostgresRows(url),
    bytes: new FileBytes(bytes.path),
    openMetadata: (onQuery) => openPostgres(url, onQuery && { onQuery }),
    [Symbol.asyncDispose]: async () => {
      if (folder !== undefined) return;
      await giveDatabaseBack(scaled, url);
      await bytes[Symbol.asyncDispose]();
    },
  };
}

async function take(scaled: Scaled): Promise<Taken> {
  return { url: await takeDatabase(scaled), bytes: await memoryFolder() };
}
