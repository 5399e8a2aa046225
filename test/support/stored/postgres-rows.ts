import pg from 'pg';
import { statementName } from '../../../src/metadata/postgres/statement-name.ts';
import { sessionTypes } from '../../../src/metadata/postgres/types.ts';
import { brokenForeignKeys } from './broken-foreign-keys.ts';
import { PostgresFootprints } from './postgres-footprints.ts';
import type { KeptRows, Row, Rows } from './rows.ts';

/**
 * Counters that are kept in parts are changed through their sums' names: the parts are folded into one first, and a kind of
 * the store's has a row, as in SQLite.
 */
const FOLD = `
  CREATE TEMPORARY TABLE folded ON COMMIT DROP AS SELECT * FROM usage;
  DELETE FROM usage_part;
  INSERT INTO usage_part SELECT scope, id, 0, images, logical_bytes, live_bytes, held_bytes, idle_bytes FROM folded;
  CREATE TEMPORARY TABLE folded_store ON COMMIT DROP AS SELECT kind, count, bytes FROM store_usage
    UNION ALL SELECT kind, 0, 0 FROM unnest(ARRAY['blobs', 'trash', 'uploads']) AS kind
      WHERE kind NOT IN (SELECT kind FROM store_usage);
  DELETE FROM store_usage_part;
  INSERT INTO store_usage_part SELECT kind, 0, count, bytes FROM folded_store;
  ALTER TABLE usage_part ALTER shard SET DEFAULT 0`;
const UNFOLD = 'ALTER TABLE usage_part ALTER shard DROP DEFAULT';

/** The rows in a PostgreSQL database, on a connection of its own. */
export class PostgresRows implements Rows {
  readonly dialect = 'postgres';
  readonly url: string;
  #connection: Promise<pg.Client> | undefined;
  #footprints: Promise<PostgresFootprints> | undefined;
  #allRows: Promise<string> | undefined;
  #kept = 0;

  constructor(url: string) {
    this.url = url;
  }

  async query(sql: string): Promise<Row[]> {
    return (await (await this.#client()).query(sql)).rows;
  }

  async askAgain(sql: string): Promise<Row[]> {
    return (await (await this.#client()).query({ name: statementName(sql), text: sql })).rows;
  }

  async change(...statements: readonly string[]): Promise<number[]> {
    const client = await this.#client();
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${FOLD}`);
    try {
      const counts: number[] = [];
      for (const statement of statements) {
        const onParts = statement.replace(/(?<=\b(?:UPDATE|INTO|FROM) )(?:store_)?usage\b/g, '$&_part');
        counts.push((await client.query(onParts)).rowCount ?? 0);
      }
      await client.query(`${UNFOLD}; COMMIT`);
      return counts;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
  }

  async problems(): Promise<string[]> {
    return brokenForeignKeys(await this.#client());
  }

  async tables(): Promise<string[]> {
    const rows = await this.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()
        AND table_type = 'BASE TABLE' AND table_name <> 'schema_version' ORDER BY 1`,
    );
    return rows.map(({ name }) => String(name));
  }

  async all(): Promise<unknown> {
    this.#allRows ??= this.#askingForAll();
    return this.askAgain(await this.#allRows);
  }

  /** In a schema beside the tables. */
  async keep(): Promise<KeptRows> {
    const schema = `kept_${++this.#kept}`;
    const tables = await this.tables();
    const copies = tables.map((table) => `CREATE TABLE ${schema}.${table} AS TABLE ${table}`);
    const putBack: string[] = [];
    for (const table of tables) {
      const columns = await this.#ownColumns(table);
      putBack.push(
        `DELETE FROM ${table}`,
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${schema}.${table}`,
      );
    }
    const sequences = await this.query(
      'SELECT sequencename AS name, last_value AS last FROM pg_sequences WHERE schemaname = current_schema()',
    );
    for (const { name, last } of sequences) putBack.push(`PERFORM setval('${name}', ${last ?? 1}, ${last !== null})`);
    await this.query(
      `CREATE SCHEMA ${schema}; ${copies.join('; ')};
      CREATE FUNCTION ${schema}.put_back() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica
        AS $$ BEGIN ${putBack.join('; ')}; END $$`,
    );
    return {
      putBack: async () => {
        await this.askAgain(`SELECT ${schema}.put_back()`);
      },
    };
  }

  footprints(): Promise<PostgresFootprints> {
    this.#footprints ??= this.#client().then((client) => PostgresFootprints.over(client));
    return this.#footprints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await (await connection)?.end();
  }

  async #client(): Promise<pg.Client> {
    this.#connection ??= connect(this.url);
    return this.#connection;
  }

  /** Counters are looked at as sums: into which part a connection adds is left to chance. */
  async #askingForAll(): Promise<string> {
    const looked = (await this.tables()).map((table) => table.replace(/_part$/, ''));
    const columns = looked.map(
      (table) => `(SELECT json_agg(one) FROM (SELECT * FROM ${table} ORDER BY 1, 2) AS one)::text AS ${table}`,
    );
    return `SELECT ${columns.join(', ')}`;
  }

  /** Those that are not computed from others. */
  async #ownColumns(table: string): Promise<string> {
    const rows = await this.query(
      `SELECT quote_ident(attname) AS name FROM pg_attribute
        WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    );
    return rows.map(({ name }) => name).join(', ');
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, types: sessionTypes });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
