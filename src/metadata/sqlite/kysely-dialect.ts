import type { SQLInputValue } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Prepared } from './statements.ts';

/** Finds the statement for a query, and throws once its view or transaction has ended. */
export type StatementOf = (query: CompiledQuery) => Prepared;

/** Lets Kysely speak through one connection of `node:sqlite` for the length of one view or transaction. */
export function kyselyDialect(statementOf: StatementOf): Dialect {
  const connection = new SqliteConnection(statementOf);
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new BorrowedConnectionDriver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #statementOf: StatementOf;

  constructor(statementOf: StatementOf) {
    this.#statementOf = statementOf;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, answersRows } = this.#statementOf(query);
    const parameters = query.parameters as readonly SQLInputValue[];
    if (answersRows) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Rows are not streamed: every listing is paged');
  }
}

/** The store opens and ends transactions itself, so this driver has nothing to do but lend its connection. */
class BorrowedConnectionDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error('Transactions do not nest');
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
}
