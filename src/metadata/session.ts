import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** One view or transaction under way: what the readers and writers speak through. */
export interface Session {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
  /** Runs what has been compiled, without the way through Kysely, and answers its rows. */
  run<Row>(query: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]>;
}

/** The values of a list, for `where … in`. */
export function setOf<T extends string | number>(
  { dialect }: Pick<Session, 'dialect'>,
  values: readonly T[],
): RawBuilder<T> {
  return sql<T>`(SELECT value FROM ${dialect.rowsOf(values)} AS wanted)`;
}
