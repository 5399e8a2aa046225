import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** One view or transaction under way: what the readers and writers speak through. */
export interface Session {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}

/** The values of a list, for `where … in`. */
export function setOf<T extends string | number>({ dialect }: Session, values: readonly T[]): RawBuilder<T> {
  return sql<T>`(SELECT value FROM ${dialect.rowsOf(values)} AS wanted)`;
}
