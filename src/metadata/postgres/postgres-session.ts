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
import { cork, uncork } from './corked.ts';
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
  readonly #sent: Promise<unknown>[] = [];
  #failure: unknown;
  #isOpen = true;
  #isHeldBack = false;
  #db: Kysely<Schema> | undefined;

  constructor(client: ClientBase, onQuery?: (sql: string) => void) {
    this.#client = client;
    this.#onQuery = onQuery;
  }

  get db(): Kysely<Schema> {
    this.#db ??= kyselyOver((query) => this.#ask(query));
    return this.#db;
  }

  async run<Row>(query: Query): Promise<Row[]> {
    return (await this.#ask(query)).rows as Row[];
  }

  async send(query: Query): Promise<void> {
    const sent = this.#query(query);
    sent.catch((error) => {
      this.#failure ??= error;
    });
    this.#sent.push(sent);
  }

  /** What was sent and not waited for, in order. */
  get sent(): readonly Promise<unknown>[] {
    return this.#sent;
  }

  /** Why one of those failed: all that came after it failed for that. */
  get failure(): unknown {
    return this.#failure;
  }

  end(): void {
    this.#isOpen = false;
    this.#letGo();
  }

  /** What is asked within one task leaves in one piece, with what was held back for it. */
  #ask(query: Query) {
    const asked = this.#query(query);
    process.nextTick(() => this.#letGo());
    return asked;
  }

  #query({ sql, parameters }: Query) {
    if (!this.#isOpen) throw new Error(`A query ran after its transaction had ended: ${sql}`);
    this.#onQuery?.(sql);
    this.#holdBack();
    return this.#client.query({ name: statementName(sql), text: sql, values: [...parameters] });
  }

  #holdBack(): void {
    if (!this.#isHeldBack) cork(this.#client);
    this.#isHeldBack = true;
  }

  #letGo(): void {
    if (this.#isHeldBack) uncork(this.#client);
    this.#isHeldBack = false;
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
