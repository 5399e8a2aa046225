import type { ClientBase } from 'pg';

/**
 * What PostgreSQL itself says is wrong with the database: pages whose checksums failed since its statistics began, indexes
 * that are not valid, and, where the extension amcheck is installed, indexes that contradict their tables.
 */
export async function checkDatabase(client: ClientBase): Promise<string[]> {
  return [...(await failedPages(client)), ...(await invalidIndexes(client)), ...(await brokenIndexes(client))];
}

async function failedPages(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ failures: number | null }>(
    'SELECT checksum_failures AS failures FROM pg_stat_database WHERE datname = current_database()',
  );
  const failures = rows[0]?.failures ?? 0;
  return failures > 0 ? [`PostgreSQL has read ${failures} pages of the database whose checksums were wrong`] : [];
}

async function invalidIndexes(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
     JOIN pg_class ON pg_class.oid = indrelid
     WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready) ORDER BY 1`,
  );
  return rows.map(({ name }) => `The index ${name} is not valid`);
}

async function brokenIndexes(client: ClientBase): Promise<string[]> {
  const { rows: installed } = await client.query(`SELECT 1 FROM pg_extension WHERE extname = 'amcheck'`);
  if (installed.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
     JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
     WHERE relnamespace = current_schema()::regnamespace AND amname = 'btree' AND indisvalid ORDER BY 1`,
  );
  const broken: string[] = [];
  for (const { name } of rows) {
    try {
      await client.query('SELECT bt_index_check($1::regclass, true)', [name]);
    } catch (error) {
      broken.push(`${name}: ${(error as Error).message}`);
    }
  }
  return broken;
}
