import {
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { ClientBase } from 'pg';
import { BorrowedConnection } from '../borrowed-connection.ts';
import type { Schema } from '../schema.ts';
import type { Session } from '../session.ts';
import { GatheredCounters } from './gathered-counters.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { statementName } from './statement-name.ts';

type Query = Pick<CompiledQuery, 'sql' | 'parameters'>;

/** One view or transaction on one connection, from its beginning to its end. */
export class PostgresSession implements Session {
  readonly dialect = postgresDialect;
  readonly counters = new GatheredCounters(this);
  readonly #client: ClientBase;
  readonly #onQuery: ((sql: string) => void) | undefined;
  #isOpen = true;
  #db: Kysely<Schema> | undefined;

  constructor(client: ClientBase, onQuery?: (sql: string) => void) {
    this.#client = client;
    this.#onQuery = onQuery;
  }

  get db(): Kysely<Schema> {
    this.#db ??= kyselyOver((query) => this.#query(query));
    return this.#db;
  }

  async run<Row>(query: Query): Promise<Row[]> {
    return (await this.#query(query)).rows as Row[];
  }

  end(): void {
    this.#isOpen = false;
  }

  #query({ sql, parameters }: Query) {
    if (!this.#isOpen) throw new Error(`A query ran after its transaction had ended: ${sql}`);
    this.#onQuery?.(sql);
    return this.#client.query({ name: statementName(sql), text: sql, values: [...parameters] });
  }
}

type RunQuery = (query: Query) => Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;

function kyselyOver(run: RunQuery): Kysely<Schema> {
  const connection: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      const { rows, rowCount } = await run(query);
      return { rows: rows as R[], ...(rowCount !== null && { numAffectedRows: BigInt(rowCount) }) };
    },
    streamQuery: () => {
      throw new Error('Rows are not streamed: every listing is paged');
    },
  };
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new BorrowedConnection(connection),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
