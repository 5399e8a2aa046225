import { type Expression, type RawBuilder, sql } from 'kysely';
import { listParameter } from '../place.ts';
import type { RecordColumns, SqlDialect } from '../sql-dialect.ts';

export const sqliteDialect: SqlDialect = {
  rowsOf: (values) => sql`json_each(${listParameter(values)})`,
  idRowsOf: (values) => sql`json_each(${listParameter(values)})`,
  recordsIn,
  elementsOf: (list) => sql`json_each(${list})`,
  linesOf: (column, only) =>
    only ? sql`group_concat(${column}, char(10)) FILTER (WHERE ${only})` : sql`group_concat(${column}, char(10))`,
  listWith: (list, value) => sql`json_insert(${list}, '$[#]', ${value})`,
  listWithout: (
    list,
    values,
  ) => sql`(SELECT json_group_array(element.value ORDER BY element.key) FROM json_each(${list}) AS element
    WHERE element.value NOT IN (SELECT value FROM json_each(${listParameter(values)})))`,
  greatest: (a: Expression<number>, b: Expression<number>) => sql<number>`max(${a}, ${b})`,
  greatestId: (table) => sql`
    SELECT max(value) AS value FROM (SELECT max(id) AS value FROM ${sql.table(table)}
      UNION ALL SELECT seq FROM sqlite_sequence WHERE name = ${table})`,
  // It is told once and for all.
  sizeUp: () => [],
  skipIds: (table, id) => [
    sql`UPDATE sqlite_sequence SET seq = max(seq, ${id}) WHERE name = ${table}`,
    // Without a row of its own a table has never had one. Those that name their rows anew when the last are gone have none ever.
    sql`INSERT INTO sqlite_sequence (name, seq) SELECT name, ${id} FROM sqlite_schema
      WHERE name = ${table} AND sql LIKE '%AUTOINCREMENT%'
        AND NOT EXISTS (SELECT 1 FROM sqlite_sequence AS known WHERE known.name = ${table})`,
  ],
  // There is one writer.
  isShared: false,
  holding: () => sql``,
  taking: () => sql``,
};

function recordsIn(json: string, columns: RecordColumns): RawBuilder<unknown> {
  const picked = Object.keys(columns).map(
    (column) => sql`json_extract(value, ${sql.lit(`$.${column}`)}) AS ${sql.ref(column)}`,
  );
  return sql`(SELECT ${sql.join(picked)} FROM json_each(${json}))`;
}
