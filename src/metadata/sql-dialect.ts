import type { Expression, RawBuilder } from 'kysely';

/**
 * How firmly a row is held until the transaction ends, where others could change it meanwhile. `change`: nobody else holds it
 * so, or changes it. `use`: it stays where it is, and others may use it, too.
 */
export type Hold = 'change' | 'use';

/** A column of records that are given as JSON, and what it holds. */
export type RecordColumns<T = Record<string, unknown>> = Readonly<Record<keyof T & string, 'text' | 'number'>>;

/** The few places where databases differ. Each database has one implementation, in its own folder. */
export interface SqlDialect {
  /**
   * The values of a list as the rows of a table, in order, with the columns `value` and `key`, which counts them. The
   * statement's text is the same for any length. Join to it with `crossJoin` and conditions: SQLite, which cannot know how
   * short the list is, keeps to that order, while an inner join may make it read the whole repository and look into the list
   * for each row. Whoever needs the order asks for it by `key`.
   */
  rowsOf(values: readonly string[]): RawBuilder<{ value: string; key: number }>;
  /** As `rowsOf`, of numbers. */
  idRowsOf(values: readonly number[]): RawBuilder<{ value: number; key: number }>;
  /** As `rowsOf`, of records that are JSON: a table with these columns. */
  recordsIn(json: string, columns: RecordColumns): RawBuilder<unknown>;
  /** The elements of a column that holds a JSON list of strings, as the rows of a table with one column, `value`. */
  elementsOf(list: Expression<string>): RawBuilder<{ value: string }>;
  /** All the values of a column, in no order, as the lines of one text; none without any. `only` says which rows count, if not all do. */
  linesOf(column: Expression<string>, only?: Expression<unknown>): RawBuilder<string | null>;
  /** A JSON list of strings with one more at its end. */
  listWith(list: Expression<string>, value: string): RawBuilder<string>;
  /** A JSON list of strings without these, in the order it had. */
  listWithout(list: Expression<string>, values: readonly string[]): RawBuilder<string>;
  /** The greater of two numbers. */
  greatest(a: Expression<number>, b: Expression<number>): RawBuilder<number>;
  /**
   * A query for one row, `value`: the greatest number that the database itself has named a row of this table with. Null if it
   * never has, or does not remember and has no row.
   */
  greatestId(table: string): RawBuilder<{ value: number | null }>;
  /** What makes the database look at how large this table has become, where much has come at once. */
  sizeUp(table: string): readonly RawBuilder<unknown>[];
  /** What makes the database name the next row with a greater number than this, and than all that the table has. */
  skipIds(table: string, id: number): readonly RawBuilder<unknown>[];

  /**
   * Whether others change rows while a transaction runs. Then it holds the rows that what it does depends on, in this order:
   * repositories by their ids, blobs by theirs, then what belongs to one of them; so nobody waits in a circle. docs/adr/0029
   * has the whole of it.
   */
  readonly isShared: boolean;
  /** Stands at the end of a query that holds the rows it reads of this table. Nothing where nobody else writes. */
  holding(table: string, hold: Hold): RawBuilder<unknown>;
  /** As `holding`, and passes over rows that somebody else holds: work that is shared out. */
  taking(table: string): RawBuilder<unknown>;
}
