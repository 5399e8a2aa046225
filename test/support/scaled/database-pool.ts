import pg from 'pg';
import type { Scaled } from './environment.ts';

/** Databases that are empty and wait for the next who wants one, noted in the database that all workers know. */
const FREE = 'free_database';

/** Makes what the pool needs: in the template a function that empties everything, and a table of who is free. */
export async function prepareDatabasePool({ postgres, template }: Scaled): Promise<void> {
  await over(postgres, (client) => client.query(`CREATE TABLE ${FREE} (name TEXT PRIMARY KEY)`));
  await over(addressOf(postgres, template), async (client) => {
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

/** The address of a database of one's own with tables and nothing in them. */
export async function takeDatabase({ postgres, template }: Scaled): Promise<string> {
  return over(postgres, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `DELETE FROM ${FREE} WHERE name = (SELECT name FROM ${FREE} LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING name`,
    );
    const name = rows[0]?.name ?? (await create(client, template));
    return addressOf(postgres, name);
  });
}

/** Gives it to the next who wants one. Nobody may be connected to it who changes anything. */
export async function giveDatabaseBack({ postgres }: Scaled, url: string): Promise<void> {
  await over(url, async (client) => {
    const { rows: kept } = await client.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'kept!_%' ESCAPE '!'`,
    );
    for (const { name } of kept) await client.query(`DROP SCHEMA ${name} CASCADE`);
    await client.query('SELECT testing.empty()');
  });
  await over(postgres, (client) => client.query(`INSERT INTO ${FREE} VALUES ($1)`, [new URL(url).pathname.slice(1)]));
}

async function create(client: pg.Client, template: string): Promise<string> {
  const name = `stores_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
  return name;
}

function addressOf(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}

async function over<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
