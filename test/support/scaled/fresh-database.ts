import { inDatabase } from '../postgres/databases.ts';
import type { Scaled } from './environment.ts';

/** Makes in the template what puts a database back to where it was: as much as all deletions at once, and much faster. */
export async function prepareTemplate({ postgres, template }: Scaled): Promise<void> {
  await inDatabase(addressOf(postgres, template), async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'
        AND table_type = 'BASE TABLE' AND table_name <> 'schema_version'`,
    );
    const { rows: sequences } = await client.query<{ name: string }>(
      `SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public'`,
    );
    const statements = [
      ...tables.map(({ name }) => `DELETE FROM ${name}`),
      ...sequences.map(({ name }) => `PERFORM setval('${name}', 1, false)`),
    ];
    await client.query(
      `CREATE SCHEMA testing;
      CREATE FUNCTION testing.empty() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica
        AS $$ BEGIN ${statements.join('; ')}; END $$`,
    );
  });
}

/** Makes a database with the tables and nothing in them, and answers its address. */
export async function makeDatabase({ postgres, template }: Scaled): Promise<string> {
  const name = `stores_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await inDatabase(postgres, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`),
  );
  return addressOf(postgres, name);
}

/** What empties a database again, copies of rows included. */
export const EMPTY = `SELECT testing.empty();
  DO $$ DECLARE kept name; BEGIN
    FOR kept IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kept!_%' ESCAPE '!' LOOP
      EXECUTE format('DROP SCHEMA %I CASCADE', kept);
    END LOOP;
  END $$`;

function addressOf(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}
