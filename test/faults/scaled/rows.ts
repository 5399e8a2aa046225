import type pg from 'pg';
import { sessionTypes } from '../../../src/metadata/postgres/types.ts';
import { CONTRADICTIONS } from '../../support/check-stores.ts';
import { inDatabase } from '../../support/postgres/databases.ts';
import { COUNTERS } from '../../support/recount-usage.ts';
import type { Spoken } from '../../support/stored/rows.ts';

/** As `inDatabase`, under a name of its own, and with values as Berth reads them. */
export function withRows<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return inDatabase({ connectionString: url, types: sessionTypes, application_name: 'faults' }, work);
}

/** What the rows say against each other, and which counters are not what a recount makes them. As of one moment. */
export async function contradictionsInRows(url: string): Promise<string[]> {
  return withRows(url, async (client) => {
    const found: string[] = [];
    const rowsOf = async (sql: Spoken) => (await client.query(inPostgres(sql))).rows;
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    for (const [contradiction, query] of Object.entries(CONTRADICTIONS)) {
      const rows = await rowsOf(query);
      if (rows.length > 0) found.push(`${contradiction}: ${JSON.stringify(rows.slice(0, 5))}`);
    }
    for (const [name, [keptBy, recountedBy]] of Object.entries(COUNTERS)) {
      const [kept, recounted] = [linesOf(await rowsOf(keptBy)), linesOf(await rowsOf(recountedBy))];
      const [wrong, right] = [kept.difference(recounted), recounted.difference(kept)];
      if (wrong.size + right.size === 0) continue;
      found.push(`${name} says ${[...wrong].slice(0, 5)}, and a recount ${[...right].slice(0, 5)}`);
    }
    await client.query('COMMIT');
    return found;
  });
}

/** How many rows each of the tables has that are empty when there is no image, no upload and no trash; those that are not. */
export async function rowsLeft(url: string): Promise<Readonly<Record<string, number>>> {
  const tables = ['blob', 'repository_blob', 'manifest', 'image', 'deleted_image', 'tag', 'digest'];
  return withRows(url, async (client) => {
    const left: [string, number][] = [];
    for (const table of [...tables, 'upload', 'upload_name', 'gc_trash']) {
      const { rows } = await client.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
      const [{ count } = { count: 0 }] = rows;
      if (count > 0) left.push([table, count]);
    }
    return Object.fromEntries(left);
  });
}

/** Has the database note every key that a row names, for good: in a table of its own, which Berth knows nothing of. */
export async function noteNamedKeys(url: string): Promise<void> {
  await withRows(url, async (client) => {
    await client.query(`CREATE TABLE named_key (key TEXT PRIMARY KEY);
      CREATE FUNCTION note_named_key() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO named_key VALUES (NEW.storage_key) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    for (const table of ['blob', 'gc_trash', 'upload', 'upload_name']) {
      await client.query(`CREATE TRIGGER named AFTER INSERT OR UPDATE OF storage_key ON ${table}
        FOR EACH ROW EXECUTE FUNCTION note_named_key()`);
    }
  });
}

/**
 * Ends the time for which trash belongs to whoever took it, and the time until what failed is tried again: as if the minutes
 * and hours that this takes were over.
 */
export async function endClaims(url: string): Promise<void> {
  await withRows(url, (client) => client.query('UPDATE gc_trash SET not_before = 0'));
}

function inPostgres(query: Spoken): string {
  return typeof query === 'string' ? query : query.postgres;
}

function linesOf(rows: readonly object[]): Set<string> {
  return new Set(rows.map((row) => JSON.stringify(row)));
}
