import { type Expression, sql } from 'kysely';
import type { SqlDialect } from '../sql-dialect.ts';

export const sqliteDialect: SqlDialect = {
  rowsOf: (values) => sql`json_each(${JSON.stringify(values)})`,
  greatest: (a: Expression<number>, b: Expression<number>) => sql<number>`max(${a}, ${b})`,
};
