import type { Bytes } from './bytes.ts';
import { folderOf } from './file-bytes.ts';
import type { Rows } from './rows.ts';
import { SqliteRows } from './sqlite-rows.ts';

/** Where embedded stores are: the database's file and the folder of the bytes. */
export interface Embedded {
  readonly databasePath: string;
  readonly bytesFolder: string;
}

/** Undefined where they are not embedded. */
export function findEmbedded(stores: { readonly rows: Rows; readonly bytes: Bytes }): Embedded | undefined {
  const bytesFolder = folderOf(stores.bytes);
  return stores.rows instanceof SqliteRows && bytesFolder !== undefined
    ? { databasePath: stores.rows.path, bytesFolder }
    : undefined;
}

export function getEmbedded(stores: { readonly rows: Rows; readonly bytes: Bytes }): Embedded {
  const embedded = findEmbedded(stores);
  if (!embedded) throw new Error('These stores are not embedded');
  return embedded;
}
