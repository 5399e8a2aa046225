import type { SQLInputValue } from 'node:sqlite';
import { type CompiledQuery, Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import type { Session } from '../session.ts';
import { CountersAtOnce } from './counters-at-once.ts';
import { kyselyDialect } from './kysely-dialect.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { Statements } from './statements.ts';

/** One view or transaction on one connection of `node:sqlite`, from its beginning to its end. */
export class SqliteSession implements Session {
  readonly dialect = sqliteDialect;
  readonly counters = new CountersAtOnce(this);
  readonly #statements: Statements;
  #isOpen = true;
  #db: Kysely<Schema> | undefined;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Made for who needs it: most looks run nothing but what has been compiled. */
  get db(): Kysely<Schema> {
    this.#db ??= new Kysely<Schema>({ dialect: kyselyDialect((query) => this.#statementOf(query)) });
    return this.#db;
  }

  async run<Row>({ sql, parameters }: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]> {
    return this.#statementOf({ sql }).statement.all(...(parameters as readonly SQLInputValue[])) as Row[];
  }

  async send(query: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<void> {
    await this.run(query);
  }

  end(): void {
    this.#isOpen = false;
  }

  #statementOf({ sql }: Pick<CompiledQuery, 'sql'>) {
    if (!this.#isOpen) throw new Error(`A query ran after its transaction had ended: ${sql}`);
    return this.#statements.get(sql);
  }
}
