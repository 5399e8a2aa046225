import { DatabaseSync } from 'node:sqlite';
import type { KeptRows, Row, Rows } from './rows.ts';
import { SqliteFootprints } from './sqlite-footprints.ts';

/** The rows in a database file, on a connection of its own. */
export class SqliteRows implements Rows {
  readonly dialect = 'sqlite';
  readonly path: string;
  #connection: DatabaseSync | undefined;
  #footprints: SqliteFootprints | undefined;
  #kept = 0;

  constructor(path: string) {
    this.path = path;
  }

  async query(sql: string): Promise<Row[]> {
    return this.#database.prepare(sql).all();
  }

  async askAgain(sql: string): Promise<Row[]> {
    return this.query(sql);
  }

  async change(...statements: readonly string[]): Promise<number[]> {
    return statements.map((statement) => Number(this.#database.prepare(statement).run().changes));
  }

  async problems(): Promise<string[]> {
    return ['integrity_check', 'foreign_key_check'].flatMap((pragma) => {
      const rows = this.#database.prepare(`PRAGMA ${pragma}`).all();
      return rows.some((row) => row['integrity_check'] !== 'ok') ? [`${pragma}: ${JSON.stringify(rows)}`] : [];
    });
  }

  async tables(): Promise<string[]> {
    return this.#tables("'sqlite!_%'");
  }

  async all(): Promise<unknown> {
    return this.#tables("'sqlite!_stat%'").map((table) =>
      this.#database.prepare(`SELECT * FROM main.${table} ORDER BY 1, 2`).all(),
    );
  }

  /** In a file beside the database. */
  async keep(): Promise<KeptRows> {
    const name = `kept_${++this.#kept}`;
    this.#database.exec(`VACUUM INTO '${this.path}.${name}'; ATTACH '${this.path}.${name}' AS ${name}`);
    const columns = (table: string) =>
      this.#database
        .prepare(`PRAGMA main.table_info(${table})`)
        .all()
        .map((row) => `"${row['name']}"`)
        .join(', ');
    const putBack = [
      'BEGIN IMMEDIATE',
      ...this.#tables("'sqlite!_stat%'").flatMap((table) => [
        `DELETE FROM main.${table}`,
        `INSERT INTO main.${table} (${columns(table)}) SELECT ${columns(table)} FROM ${name}.${table}`,
      ]),
      'COMMIT',
    ].join(';');
    return { putBack: async () => this.#database.exec(putBack) };
  }

  async footprints(): Promise<SqliteFootprints> {
    this.#footprints ??= new SqliteFootprints(this.path);
    return this.#footprints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#footprints?.[Symbol.dispose]();
    this.#connection?.close();
    this.#connection = undefined;
  }

  get #database(): DatabaseSync {
    this.#connection ??= new DatabaseSync(this.path, { enableForeignKeyConstraints: false });
    return this.#connection;
  }

  #tables(unlike: string): string[] {
    return this.#database
      .prepare(`SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE ${unlike} ESCAPE '!'`)
      .all()
      .map((row) => String(row['name']));
  }
}
