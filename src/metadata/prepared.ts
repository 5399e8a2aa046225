import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** Stands where a value will be. */
class Place {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}

/**
 * A query that is built and compiled once, and run with other values each time: of what a short query takes, building it is
 * most. `build` gets something in place of each value, which must go into the query as it is: what it does with a value
 * beyond that (a condition, arithmetic, a list as one parameter) it would do once and for all.
 */
export function prepare<Given extends { readonly [name: string]: string | number }, Row>(
  build: (db: Kysely<Schema>, given: Given, dialect: SqlDialect) => Compilable<Row>,
): (session: Session, given: Given) => Promise<Row[]> {
  const compiled = new WeakMap<SqlDialect, CompiledQuery<Row>>();
  const places = new Proxy({}, { get: (_, name) => new Place(name) }) as Given;
  return async (session, given) => {
    const { dialect } = session;
    let query = compiled.get(dialect);
    if (query === undefined) {
      query = build(session.db, places, dialect).compile();
      compiled.set(dialect, query);
    }
    const parameters = query.parameters.map((value) => (value instanceof Place ? valueAt(given, value) : value));
    return session.run<Row>({ sql: query.sql, parameters });
  };
}

function valueAt(given: { readonly [name: string]: string | number }, { name }: Place): string | number {
  const value = given[String(name)];
  if (value === undefined) throw new Error(`A prepared query was not given ${String(name)}`);
  return value;
}
