import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Counters } from './counters.ts';
import type { Schema } from './schema.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** One view or transaction under way: what the readers and writers speak through. */
export interface Session {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
  readonly counters: Counters;
  /** Runs what has been compiled, without the way through Kysely, and answers its rows. */
  run<Row>(query: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]>;
  /**
   * Runs a change whose answer nobody needs. A database that is somewhere else gets it together with the next statement, or with the
   * commit; if it fails, so does the transaction, with its error.
   */
  send(query: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<void>;
}

/** The values of a list, for `where … in`. */
export function setOf<T extends string>({ dialect }: Pick<Session, 'dialect'>, values: readonly T[]): RawBuilder<T> {
  return sql<T>`(SELECT value FROM ${dialect.rowsOf(values)} AS wanted)`;
}

/** As `setOf`, of numbers. */
export function idSetOf({ dialect }: Pick<Session, 'dialect'>, values: readonly number[]): RawBuilder<number> {
  return sql<number>`(SELECT value FROM ${dialect.idRowsOf(values)} AS wanted)`;
}
