import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { STORE_ID } from '../../../src/metadata/secrets.ts';
import { type ImportStep, type ImportTotal, importStore } from '../../../src/registry/import/import-store.ts';
import { blobPath } from '../../support/blob-path.ts';
import type { Stores } from '../../support/stores.ts';

/** What does not move with a store, and what each store says for itself. */
const LEFT = ['upload', 'upload_name', 'gc_trash', 'store_usage', 'secret', 'sqlite_stat1', 'sqlite_sequence'];

/** Names the stores, as whoever opens a data folder does. */
export async function nameStore({ ports }: Stores, name: string): Promise<void> {
  await ports.metadata.write((tx) => tx.secrets.put({ name: STORE_ID, value: Buffer.from(name) }));
}

export async function runImport(
  source: Stores,
  target: Stores,
  onStep: (step: ImportStep) => void = () => {},
): Promise<ImportTotal> {
  const { clock, ids } = target.ports;
  return importStore({ source: source.ports, target: target.ports, clock, ids }, onStep);
}

/** Every row of every table that moves with a store, by plain SQL, and in place of its key what each blob's bytes are. */
export function contentOf({ databasePath, bytesFolder }: Stores): Record<string, unknown[]> {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map((row) => String(row['name']))
      .filter((name) => !LEFT.includes(name));
    return Object.fromEntries(
      tables.map((name) => {
        // Counters that have come back to nothing are as good as none.
        const only = name === 'usage' ? 'WHERE images <> 0 OR live_bytes + held_bytes + idle_bytes <> 0' : '';
        const rows = database.prepare(`SELECT * FROM ${name} ${only}`).all();
        const shown = rows.map(({ storage_key: key, ...row }) =>
          JSON.stringify(key === undefined ? row : { ...row, bytes: bytesUnder(bytesFolder, String(key)) }),
        );
        return [name, shown.sort()];
      }),
    );
  } finally {
    database.close();
  }
}

/** How many names the database has given to rows, by table. */
export function sequencesOf({ databasePath }: Stores): Record<string, number> {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    const rows = database.prepare('SELECT name, seq FROM sqlite_sequence ORDER BY name').all();
    return Object.fromEntries(rows.map(({ name, seq }) => [String(name), Number(seq)]));
  } finally {
    database.close();
  }
}

function bytesUnder(bytesFolder: string, key: string): string {
  try {
    return createHash('sha256')
      .update(readFileSync(blobPath(bytesFolder, key)))
      .digest('hex');
  } catch {
    return 'missing';
  }
}
