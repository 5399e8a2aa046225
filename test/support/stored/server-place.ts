import { join } from 'node:path';
import type { Settings } from '../../../src/config/settings.ts';
import { SCALED } from '../scaled/environment.ts';
import { findScaledServerPlace } from '../scaled/scaled-place.ts';
import type { Bytes } from './bytes.ts';
import { FileBytes } from './file-bytes.ts';
import type { Rows } from './rows.ts';
import { SqliteRows } from './sqlite-rows.ts';

/** Where a server under test keeps everything, and how it is told. */
export interface ServerPlace extends AsyncDisposable {
  readonly settings: Partial<Settings>;
  readonly rows: Rows;
  readonly bytes: Bytes;
}

/** The place that goes with this data folder. */
export async function findServerPlace(dataDir: string): Promise<ServerPlace> {
  if (SCALED) return findScaledServerPlace(SCALED, dataDir);
  const rows = new SqliteRows(join(dataDir, 'berth.db'));
  return {
    settings: {},
    rows,
    bytes: new FileBytes(dataDir, /^(?:blobs|uploads)\//),
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  };
}
