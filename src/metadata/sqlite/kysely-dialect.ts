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
import type { Statements } from './statements.ts';

/** Whether a query may still run: true from the beginning of a view or transaction to its end. */
export interface Lifetime {
  open: boolean;
}

/** Lets Kysely speak through one connection of `node:sqlite` for the length of one view or transaction. */
export function kyselyDialect(statements: Statements, lifetime: Lifetime): Dialect {
  const connection = new SqliteConnection(statements, lifetime);
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new BorrowedConnectionDriver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #statements: Statements;
  readonly #lifetime: Lifetime;

  constructor(statements: Statements, lifetime: Lifetime) {
    this.#statements = statements;
    this.#lifetime = lifetime;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (!this.#lifetime.open) throw new Error(`A query ran after its transaction had ended: ${query.sql}`);
    const { statement, answersRows } = this.#statements.get(query.sql);
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
