import type { Expression, RawBuilder } from 'kysely';

/** The few places where databases differ. Each database has one implementation, in its own folder. */
export interface SqlDialect {
  /**
   * The values of a list as the rows of a table with one column, `value`, in order. The statement's text is the same for any
   * length. Join to it with `crossJoin` and conditions: SQLite, which cannot know how short the list is, keeps to that order,
   * while an inner join may make it read the whole repository and look into the list for each row.
   */
  rowsOf(values: readonly (string | number)[]): RawBuilder<{ value: string | number }>;
  /** As `rowsOf`, of records: a table with these columns. */
  recordsOf<T>(records: readonly T[], columns: readonly (keyof T & string)[]): RawBuilder<unknown>;
  /** As `recordsOf`, of records that are JSON already. */
  recordsIn(json: string, columns: readonly string[]): RawBuilder<unknown>;
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
  /** What makes the database name the next row with a greater number than this, and than all that the table has. */
  skipIds(table: string, id: number): readonly RawBuilder<unknown>[];
}
