import type { MetadataStore, MetadataTransaction, MetadataView } from '../metadata-store.ts';
import { transactionOf, viewOf } from '../views.ts';
import { Connection } from './connection.ts';
import { checkEngine } from './engine-check.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { Mutex } from './mutex.ts';

const READERS = 4;

/** The metadata in one SQLite file: one writer, and readers that never wait for it (WAL). */
export class SqliteMetadata implements MetadataStore {
  readonly #writer: Connection;
  readonly #writes: GroupCommit;
  readonly #readers: readonly { readonly connection: Connection; readonly reading: Mutex }[];
  readonly #inspectors = new Set<Connection>();
  readonly #path: string;
  readonly #onQuery: ((sql: string) => void) | undefined;
  #turn = 0;

  /**
   * Opens the file, creating it if need be, and brings its schema up to date. `onQuery` hears the text of every statement,
   * for measuring.
   */
  constructor(path: string, onQuery?: (sql: string) => void) {
    this.#path = path;
    this.#onQuery = onQuery;
    this.#writer = new Connection(path, 'write', onQuery);
    migrate(this.#writer.database);
    this.#writes = new GroupCommit(this.#writer);
    this.#readers = Array.from({ length: READERS }, () => ({
      connection: new Connection(path, 'read', onQuery),
      reading: new Mutex(),
    }));
  }

  async read<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const reader = this.#readers[this.#turn++ % READERS];
    if (!reader) throw new Error('No reader');
    return reader.reading.run(() => reader.connection.transact((session) => look(viewOf(session))));
  }

  async inspect<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const connection = new Connection(this.#path, 'read', this.#onQuery);
    this.#inspectors.add(connection);
    try {
      return await connection.transact((session) => look(viewOf(session)));
    } finally {
      if (this.#inspectors.delete(connection)) connection.close();
    }
  }

  check(): Promise<string[]> {
    return checkEngine(this.#path);
  }

  async write<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T> {
    return this.#writes.run((session) => change(transactionOf(session)));
  }

  /** Waits for what is under way, but for inspections, which break off; then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#inspectors) {
      this.#inspectors.delete(connection);
      connection.close();
    }
    await Promise.all(this.#readers.map(({ connection, reading }) => reading.run(async () => connection.close())));
    await this.#writes.idle();
    this.#writer.close();
  }
}
