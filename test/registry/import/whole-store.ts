import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { STORE_ID } from '../../../src/metadata/secrets.ts';
import { COUNTERS } from '../../../src/metadata/usage.ts';
import { type ImportStep, type ImportTotal, importStore } from '../../../src/registry/import/import-store.ts';
import { blobPath } from '../../support/blob-path.ts';
import { inDatabase } from '../../support/postgres/databases.ts';
import { getEmbedded } from '../../support/stored/embedded.ts';
import type { Stores } from '../../support/stores.ts';

/** What does not move with a store, and what each store says for itself. */
const LEFT = [
  ...['upload', 'upload_name', 'gc_trash', 'store_usage', 'store_usage_part', 'usage_part', 'secret', 'schema_version'],
  ...['sqlite_stat1', 'sqlite_sequence'],
];

/** Names the stores, as whoever opens a data folder does. */
export async function nameStore({ ports }: Pick<Stores, 'ports'>, name: string): Promise<void> {
  await ports.metadata.write((tx) => tx.secrets.put({ name: STORE_ID, value: Buffer.from(name) }));
}

export async function runImport(
  source: Pick<Stores, 'ports'>,
  target: Pick<Stores, 'ports'>,
  onStep: (step: ImportStep) => void = () => {},
): Promise<ImportTotal> {
  const { clock, ids } = target.ports;
  return importStore({ source: source.ports, target: target.ports, clock, ids }, onStep);
}

/** Every row of every table that moves with a store, by plain SQL, and in place of its key what each blob's bytes are. */
export function contentOf(stores: Stores): Record<string, unknown[]> {
  const { databasePath, bytesFolder } = getEmbedded(stores);
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => String(row['name']));
    return shown(
      tables
        .filter((name) => !LEFT.includes(name))
        .map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]),
      bytesFolder,
    );
  } finally {
    database.close();
  }
}

/** The same of a store whose rows are in PostgreSQL. */
export async function contentOfPostgres(url: string, bytesFolder: string): Promise<Record<string, unknown[]>> {
  const types = { getTypeParser: (oid: number) => (oid === INT8 ? Number : pg.types.getTypeParser(oid)) };
  return inDatabase(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    const content: [string, Row[]][] = [];
    for (const { name } of tables) {
      if (LEFT.includes(name)) continue;
      content.push([name, (await client.query<Row>({ text: `SELECT * FROM ${name}`, types: types as never })).rows]);
    }
    return shown(content, bytesFolder);
  });
}

const INT8 = 20;
type Row = Record<string, unknown>;

function shown(tables: readonly (readonly [name: string, rows: readonly Row[]])[], bytesFolder: string) {
  const sorted = tables.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, rows]) => {
      // Counters that have come back to nothing are as good as none.
      const kept = name === 'usage' ? rows.filter((row) => COUNTERS.some((counter) => row[counter] !== 0)) : rows;
      return [name, kept.map((row) => rowShown(row, bytesFolder)).sort()];
    }),
  );
}

function rowShown({ storage_key: key, ...row }: Row, bytesFolder: string): string {
  const columns = { ...row, ...(key !== undefined && { storage_key: bytesUnder(bytesFolder, String(key)) }) };
  const ordered = Object.entries(columns).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(
    ordered.map(([name, value]: readonly [string, unknown]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ]),
  );
}

/** How many names the database has given to rows, by table. */
export function sequencesOf(stores: Stores): Record<string, number> {
  const { databasePath } = getEmbedded(stores);
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
