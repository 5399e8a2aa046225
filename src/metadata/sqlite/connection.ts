import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Session } from '../session.ts';
import { SqliteSession } from './sqlite-session.ts';
import { Statements } from './statements.ts';

/** What a connection must be set to, and is asked for afterwards: a pragma that is misspelt or unsupported fails silently. */
const PRAGMAS: Readonly<Record<string, string | number>> = {
  journal_mode: 'wal',
  synchronous: 1, // NORMAL: forces what keeps the file whole; a commit is forced by whoever tells of it (`LogForcer`)
  foreign_keys: 1,
  busy_timeout: 5000,
  trusted_schema: 0,
  cell_size_check: 1,
  mmap_size: 0,
  temp_store: 2,
  journal_size_limit: 67108864,
};

export type Mode = 'read' | 'write';

/**
 * In KiB. A deletion spread over a large repository touches the same inner pages of every index again and again, which the
 * writer keeps; a reader needs little more than the path to what it looks up, and the system caches the rest.
 */
const CACHE: Readonly<Record<Mode, number>> = { write: 32_768, read: 4_096 };

/** One connection to the database file, running one view or transaction at a time. */
export class Connection {
  readonly database: DatabaseSync;
  readonly #statements: Statements;
  readonly #begin: string;
  readonly #commands = new Map<string, StatementSync>();

  /** `onQuery` hears the text of every statement that readers and writers run. */
  constructor(path: string, mode: Mode, onQuery?: (sql: string) => void) {
    this.database = new DatabaseSync(path);
    this.#begin = mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN';
    const pragmas = { ...PRAGMAS, cache_size: -CACHE[mode] };
    for (const [name, value] of Object.entries(pragmas)) this.database.exec(`PRAGMA ${name} = ${value}`);
    if (mode === 'read') this.database.exec('PRAGMA query_only = 1');
    this.#assertPragmas(pragmas);
    this.#statements = new Statements(this.database, onQuery);
  }

  get inTransaction(): boolean {
    return this.database.isOpen && this.database.isTransaction;
  }

  begin(): void {
    this.#command(this.#begin);
  }

  commit(): void {
    this.#command('COMMIT');
  }

  /** Does nothing where SQLite has rolled back by itself. */
  rollback(): void {
    if (this.inTransaction) this.database.exec('ROLLBACK');
  }

  /** Runs `work` between BEGIN and COMMIT. When it throws, or the commit does, nothing has happened. */
  async transact<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.begin();
    try {
      const result = await this.#during(work);
      this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Runs `work`, whose one statement needs no transaction around it. */
  lookUp<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#during(work);
  }

  /** Runs `work` within the transaction that has begun. When it throws, nothing of it has happened, but all before it has. */
  async nested<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#command('SAVEPOINT nested');
    try {
      const result = await this.#during(work);
      this.#command('RELEASE nested');
      return result;
    } catch (error) {
      if (this.inTransaction) this.database.exec('ROLLBACK TO nested; RELEASE nested');
      throw error;
    }
  }

  /** Lends the connection for the time that `work` takes, and no longer. */
  async #during<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = new SqliteSession(this.#statements);
    try {
      return await work(session);
    } finally {
      session.end();
    }
  }

  /** What SQLite would parse each time anew. */
  #command(text: string): void {
    let statement = this.#commands.get(text);
    if (!statement) {
      statement = this.database.prepare(text);
      this.#commands.set(text, statement);
    }
    statement.run();
  }

  close(): void {
    this.database.close();
  }

  #assertPragmas(pragmas: Readonly<Record<string, string | number>>): void {
    for (const [name, value] of Object.entries(pragmas)) {
      const [actual] = Object.values(this.database.prepare(`PRAGMA ${name}`).get() ?? {});
      if (actual !== value) throw new Error(`SQLite keeps ${name} at ${String(actual)} where Berth needs ${value}`);
    }
  }
}
