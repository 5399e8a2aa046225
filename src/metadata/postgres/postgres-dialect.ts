import { type RawBuilder, sql } from 'kysely';
import { listParameter } from '../place.ts';
import type { Hold, RecordColumns, SqlDialect } from '../sql-dialect.ts';

const HOLDS: Readonly<Record<Hold, RawBuilder<unknown>>> = {
  change: sql`FOR NO KEY UPDATE`,
  use: sql`FOR KEY SHARE`,
};

const TYPES = { text: sql`text`, number: sql`bigint` } as const;

export const postgresDialect: SqlDialect = {
  rowsOf: (values) => sql`(SELECT element.value, element.key
    FROM jsonb_array_elements_text(${listParameter(values)}::jsonb) WITH ORDINALITY AS element (value, key))`,
  idRowsOf: (values) => sql`(SELECT element.value::bigint AS value, element.key
    FROM jsonb_array_elements_text(${listParameter(values)}::jsonb) WITH ORDINALITY AS element (value, key))`,
  recordsIn,
  elementsOf: (list) =>
    sql`LATERAL (SELECT element.value FROM jsonb_array_elements_text(${list}::jsonb) AS element (value))`,
  linesOf: (column, only) =>
    only ? sql`string_agg(${column}, E'\n') FILTER (WHERE ${only})` : sql`string_agg(${column}, E'\n')`,
  listWith: (list, value) => sql`(${list}::jsonb || jsonb_build_array(${value}::text))::text`,
  listWithout: (list, values) => sql`(SELECT coalesce(jsonb_agg(element.value ORDER BY element.key), '[]'::jsonb)::text
    FROM jsonb_array_elements_text(${list}::jsonb) WITH ORDINALITY AS element (value, key)
    WHERE element.value NOT IN (SELECT jsonb_array_elements_text(${listParameter(values)}::jsonb)))`,
  greatest: (a, b) => sql<number>`greatest(${a}, ${b})`,
  greatestId: (table) => sql`SELECT pg_sequence_last_value(pg_get_serial_sequence(${table}, 'id')::regclass) AS value`,
  sizeUp: (table) => [sql`ANALYZE ${sql.table(table)}`],
  skipIds: (table, id) => [
    sql`SELECT setval(pg_get_serial_sequence(${table}, 'id'),
      greatest(${id}::bigint, (SELECT coalesce(max(id), 1) FROM ${sql.table(table)})))`,
  ],
  isShared: true,
  holding: (table, hold) => sql`${HOLDS[hold]} OF ${sql.table(table)}`,
  taking: (table) => sql`FOR NO KEY UPDATE OF ${sql.table(table)} SKIP LOCKED`,
};

function recordsIn(json: string, columns: RecordColumns): RawBuilder<unknown> {
  const typed = Object.entries(columns).map(([name, type]) => sql`${sql.ref(name)} ${TYPES[type]}`);
  return sql`(SELECT * FROM jsonb_to_recordset(${json}::jsonb) AS record (${sql.join(typed)}))`;
}
