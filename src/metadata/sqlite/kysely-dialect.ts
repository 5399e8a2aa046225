import type { SQLInputValue } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { BorrowedConnection } from '../borrowed-connection.ts';
import type { Prepared } from './statements.ts';

/** Finds the statement for a query, and throws once its view or transaction has ended. */
export type StatementOf = (query: CompiledQuery) => Prepared;

/** Lets Kysely speak through one connection of `node:sqlite` for the length of one view or transaction. */
export function kyselyDialect(statementOf: StatementOf): Dialect {
  const connection = new SqliteConnection(statementOf);
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new BorrowedConnection(connection),
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
