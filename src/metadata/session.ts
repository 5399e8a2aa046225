import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** One view or transaction under way: what the readers and writers speak through. */
export interface Session {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}

/** The values of a list, for `where … in`. */
export function setOf<T extends string | number>({ db, dialect }: Session, values: readonly T[]) {
  return db.selectFrom(dialect.rowsOf(values).as('wanted')).select(sql<T>`value`.as('value'));
}
