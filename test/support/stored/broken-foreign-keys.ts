import type { Client } from 'pg';

interface ForeignKey {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly matches: string;
}

/** The foreign keys that rows break: whoever turns the checks of a session off can, and PostgreSQL never looks again. */
export async function brokenForeignKeys(client: Client): Promise<string[]> {
  const { rows: keys } = await client.query<ForeignKey>(
    `SELECT conname AS name, conrelid::regclass::text AS "from", confrelid::regclass::text AS "to",
        (SELECT string_agg(format('own.%I = other.%I', own.attname, other.attname), ' AND ')
          FROM unnest(conkey, confkey) AS pair (own, other)
          JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = pair.own
          JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = pair.other) AS matches
      FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
  );
  const looks = keys.map(
    ({ name, from, to, matches }) =>
      `SELECT '${name}' AS name, own::text AS row FROM ${from} AS own
        WHERE NOT EXISTS (SELECT FROM ${to} AS other WHERE ${matches})`,
  );
  const { rows } = await client.query(looks.join(' UNION ALL '));
  return rows.map(({ name, row }) => `${name}: ${row}`);
}
