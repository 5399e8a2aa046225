import type { CompiledQuery, Kysely, QueryExecutorProvider } from 'kysely';
import { listParameter, Place, type Value, type Values } from './place.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** Builds a query for what it is given: see `prepare`. */
export type BuildQuery<Given, Row> = (
  db: Kysely<Schema>,
  given: Given,
  dialect: SqlDialect,
) => { compile(provider: QueryExecutorProvider): CompiledQuery<Row> };

/**
 * A query that is built and compiled once, and run with other values each time: of what a short query takes, building it is
 * most. `build` gets something in place of each value, which must go into the query as it is: what it does with a value
 * beyond that (a condition, arithmetic) it would do once and for all. The place of a list goes to `dialect.rowsOf` or `setOf`.
 */
export function prepare<Given extends Values<Given>, Row>(
  build: BuildQuery<Given, Row>,
): (session: Pick<Session, 'db' | 'dialect' | 'run'>, given: Given) => Promise<Row[]> {
  const fill = compileOnce(build);
  return async (session, given) => session.run<Row>(fill(session, given));
}

/** As `prepare`, of a change whose answer nobody needs (`Session.send`). */
export function prepareToSend<Given extends Values<Given>>(
  build: BuildQuery<Given, unknown>,
): (session: Session, given: Given) => Promise<void> {
  const fill = compileOnce(build);
  return async (session, given) => session.send(fill(session, given));
}

function compileOnce<Given extends Values<Given>, Row>(build: BuildQuery<Given, Row>) {
  const compiled = new WeakMap<SqlDialect, CompiledQuery<Row>>();
  const places = new Proxy({}, { get: (_, name) => new Place(name) }) as Given;
  return (session: Pick<Session, 'db' | 'dialect'>, given: Given) => {
    const { dialect } = session;
    let query = compiled.get(dialect);
    if (query === undefined) {
      query = build(session.db, places, dialect).compile(session.db);
      compiled.set(dialect, query);
    }
    const parameters = query.parameters.map((value) => (value instanceof Place ? valueAt(given, value) : value));
    return { sql: query.sql, parameters };
  };
}

function valueAt<Given extends Values<Given>>(given: Given, { name }: Place): unknown {
  const value: Value | undefined = given[name as keyof Given];
  if (value === undefined) throw new Error(`A prepared query was not given ${String(name)}`);
  return Array.isArray(value) ? listParameter(value) : value;
}
