import type { DatabaseSync, StatementSync } from 'node:sqlite';

const CAPACITY = 256;

/** Statements of one connection, prepared once. The texts are few: lists travel as one parameter, whatever their length. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #onQuery: ((sql: string) => void) | undefined;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, onQuery?: (sql: string) => void) {
    this.#database = database;
    this.#onQuery = onQuery;
  }

  get(text: string): StatementSync {
    this.#onQuery?.(text);
    let statement = this.#prepared.get(text);
    if (!statement) {
      statement = this.#database.prepare(text);
      if (this.#prepared.size >= CAPACITY) {
        const [oldest] = this.#prepared.keys();
        if (oldest !== undefined) this.#prepared.delete(oldest);
      }
      this.#prepared.set(text, statement);
    }
    return statement;
  }
}
