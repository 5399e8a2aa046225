import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** One view or transaction under way: what the readers and writers speak through. */
export interface Session {
  readonly db: Kysely<Schema>;
  readonly dialect: SqlDialect;
}
