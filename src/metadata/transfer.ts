import { type RawBuilder, sql } from 'kysely';
import { CARRIED, type Carried } from './carried-tables.ts';
import type { Session } from './session.ts';

/** A row of any table, by column. */
export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

/** Values that one statement may be given; SQLite takes half of what PostgreSQL does. */
const MOST_VALUES = 30_000;
/** Rows of large columns are read while they come to no more than this together; one that is larger comes by itself. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/** Rows as they are, whatever they mean: for whoever moves a store as a whole. */
export class TransferReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Rows in order of key, those after `after`: `limit` of them, fewer where they are large, none only at the end. */
  async list(table: Carried, after: Row | undefined, limit: number): Promise<Row[]> {
    const most = table.bytes === undefined ? limit : await this.#fewEnough(table, table.bytes, after, limit);
    const { rows } = await sql<Row>`
      SELECT ${columns(table.columns)} FROM ${sql.table(table.name)}
      WHERE ${isAfter(table, after)} ORDER BY ${columns(table.key)} LIMIT ${most}`.execute(this.session.db);
    return rows;
  }

  /** How many rows there are. Reads the table. */
  async count(table: Carried): Promise<number> {
    const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.table(table.name)}`.execute(
      this.session.db,
    );
    return rows[0]?.count ?? 0;
  }

  /** The last row in order of key. */
  async last(table: Carried): Promise<Row | undefined> {
    const backwards = table.key.map((column) => sql`${sql.ref(column)} DESC`);
    const { rows } = await sql<Row>`
      SELECT ${columns(table.key)} FROM ${sql.table(table.name)} ORDER BY ${sql.join(backwards)} LIMIT 1`.execute(
      this.session.db,
    );
    return rows[0];
  }

  /** The tables that have rows. */
  async filled(): Promise<Carried[]> {
    const filled: Carried[] = [];
    for (const table of CARRIED) if (await this.last(table)) filled.push(table);
    return filled;
  }

  /** The greatest number that the database has named a row of this table with, be it gone by now; 0 if there was none. */
  async greatestId(table: Carried): Promise<number> {
    const { rows } = await this.session.dialect.greatestId(table.name).execute(this.session.db);
    return rows[0]?.value ?? 0;
  }

  async #fewEnough(table: Carried, bytes: string, after: Row | undefined, limit: number): Promise<number> {
    const { rows } = await sql<{ length: number }>`
      SELECT length(${sql.ref(bytes)}) AS length FROM ${sql.table(table.name)}
      WHERE ${isAfter(table, after)} ORDER BY ${columns(table.key)} LIMIT ${limit}`.execute(this.session.db);
    let together = 0;
    const tooMany = rows.findIndex(({ length }, at) => {
      together += length;
      return at > 0 && together > BYTES_AT_ONCE;
    });
    return tooMany === -1 ? limit : tooMany;
  }
}

export class TransferWriter extends TransferReader {
  /** Adds rows, but for those that are there. */
  async insert(table: Carried, rows: readonly Row[]): Promise<void> {
    const atOnce = Math.floor(MOST_VALUES / table.columns.length);
    for (let at = 0; at < rows.length; at += atOnce) await this.#insert(table, rows.slice(at, at + atOnce));
  }

  /** Takes rows away, the last first; answers how many. Nothing may refer to them. */
  async removeLast(table: Carried, limit: number): Promise<number> {
    const backwards = table.key.map((column) => sql`${sql.ref(column)} DESC`);
    const { rows } = await sql`
      DELETE FROM ${sql.table(table.name)} WHERE (${columns(table.key)}) IN
        (SELECT ${columns(table.key)} FROM ${sql.table(table.name)} ORDER BY ${sql.join(backwards)} LIMIT ${limit})
      RETURNING 1`.execute(this.session.db);
    return rows.length;
  }

  /** Takes this row away. Nothing may refer to it. */
  async remove(table: Carried, row: Row): Promise<void> {
    await sql`DELETE FROM ${sql.table(table.name)} WHERE (${columns(table.key)}) = (${valuesOf(table.key, row)})`.execute(
      this.session.db,
    );
  }

  /** From now on the database names rows of this table with greater numbers than this, and than all that it has. */
  async skipIds(table: Carried, id: number): Promise<void> {
    if (id === 0) return;
    for (const statement of this.session.dialect.skipIds(table.name, id)) await statement.execute(this.session.db);
  }

  /** Lets the database plan for what has come. */
  async sizeUp(table: Carried): Promise<void> {
    for (const statement of this.session.dialect.sizeUp(table.name)) await statement.execute(this.session.db);
  }

  async #insert(table: Carried, rows: readonly Row[]): Promise<void> {
    const values = rows.map((row) => sql`(${valuesOf(table.columns, row)})`);
    await sql`INSERT INTO ${sql.table(table.name)} (${columns(table.columns)}) VALUES ${sql.join(values)}
      ON CONFLICT DO NOTHING`.execute(this.session.db);
  }
}

function columns(names: readonly string[]): RawBuilder<unknown> {
  return sql.join(names.map((name) => sql.ref(name)));
}

function valuesOf(names: readonly string[], row: Row): RawBuilder<unknown> {
  return sql.join(
    names.map((name) => {
      const value = row[name];
      if (value === undefined) throw new Error(`A row was read without its ${name}`);
      return value;
    }),
  );
}

function isAfter({ key }: Carried, after: Row | undefined): RawBuilder<unknown> {
  return after === undefined ? sql`true` : sql`(${columns(key)}) > (${valuesOf(key, after)})`;
}
