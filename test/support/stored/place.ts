import { join } from 'node:path';
import type { MetadataStore } from '../../../src/metadata/metadata-store.ts';
import { SqliteMetadata } from '../../../src/metadata/sqlite/sqlite-metadata.ts';
import { SCALED } from '../scaled/environment.ts';
import { findScaledPlace, findStayingPlace } from '../scaled/scaled-place.ts';
import { memoryFolder } from '../temp-folder.ts';
import type { Bytes } from './bytes.ts';
import { FileBytes } from './file-bytes.ts';
import { putFreshDatabase } from './fresh-sqlite.ts';
import type { Rows } from './rows.ts';
import { SqliteRows } from './sqlite-rows.ts';

/** Where stores are, and how they are opened there; disposing gives it up. */
export interface Place extends AsyncDisposable {
  readonly rows: Rows;
  readonly bytes: Bytes;
  openMetadata(onQuery?: (sql: string) => void): Promise<MetadataStore>;
}

export interface PlaceOptions {
  /** What the place goes with that stays; without it, one of its own. */
  readonly folder?: string;
  readonly putBackOften?: boolean;
}

export async function findPlace({ folder, putBackOften = false }: PlaceOptions): Promise<Place> {
  if (!SCALED) return findEmbeddedPlace(folder);
  return folder === undefined ? findScaledPlace(SCALED, putBackOften) : findStayingPlace(SCALED, folder);
}

async function findEmbeddedPlace(given?: string): Promise<Place> {
  const own = given === undefined ? await memoryFolder() : undefined;
  const folder = given ?? own?.path ?? '';
  const databasePath = join(folder, 'metadata.db');
  const rows = new SqliteRows(databasePath);
  return {
    rows,
    bytes: new FileBytes(join(folder, 'bytes')),
    openMetadata: async (onQuery) => {
      await putFreshDatabase(databasePath);
      return new SqliteMetadata(databasePath, onQuery && { onQuery });
    },
    [Symbol.asyncDispose]: async () => {
      await rows[Symbol.asyncDispose]();
      await own?.[Symbol.asyncDispose]();
    },
  };
}
