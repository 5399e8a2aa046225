import type { DatabaseSync, StatementSync } from 'node:sqlite';

const CAPACITY = 256;

export interface Prepared {
  readonly statement: StatementSync;
  /** Whether it answers rows. Asked of SQLite once, for it describes each column every time. */
  readonly answersRows: boolean;
}

/** Statements of one connection, prepared once. The texts are few: lists travel as one parameter, whatever their length. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #onQuery: ((sql: string) => void) | undefined;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync, onQuery?: (sql: string) => void) {
    this.#database = database;
    this.#onQuery = onQuery;
  }

  get(text: string): Prepared {
    this.#onQuery?.(text);
    let prepared = this.#prepared.get(text);
    if (!prepared) {
      const statement = this.#database.prepare(text);
      prepared = { statement, answersRows: statement.columns().length > 0 };
      if (this.#prepared.size >= CAPACITY) {
        const [oldest] = this.#prepared.keys();
        if (oldest !== undefined) this.#prepared.delete(oldest);
      }
      this.#prepared.set(text, prepared);
    }
    return prepared;
  }
}
