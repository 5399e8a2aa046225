import type { SqlFootprints } from '../schedules/footprint.ts';

export type Row = Readonly<Record<string, unknown>>;

/** The rows of the metadata beside every port: for a look at what no port shows, and a change that no port makes. */
export interface Rows extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';

  query(sql: string): Promise<Row[]>;

  /** As `query`, for one that is asked again and again while there is not much: the database need not think about it each time. */
  askAgain(sql: string): Promise<Row[]>;

  /** Makes the changes together, whatever foreign keys say to them. Answers how many rows each has changed. */
  change(...statements: readonly string[]): Promise<number[]>;

  /** What the database itself says is wrong with it. */
  problems(): Promise<string[]>;

  /** Every table that keeps something, but for the database's own. */
  tables(): Promise<string[]>;

  /** All rows of all tables, in an order that hangs on nothing else. */
  all(): Promise<unknown>;

  /** Keeps all rows as they are now, to be put back any number of times. */
  keep(): Promise<KeptRows>;

  /** Says what statements touch. */
  footprints(): Promise<SqlFootprints>;
}

export interface KeptRows {
  /** Puts everything back, much faster than it was made. No transaction may be under way. */
  putBack(): Promise<void>;
}

/** Text of one dialect or the other. */
export type Spoken = string | Readonly<Record<Rows['dialect'], string>>;

export function inDialect({ dialect }: Pick<Rows, 'dialect'>, text: Spoken): string {
  return typeof text === 'string' ? text : text[dialect];
}
