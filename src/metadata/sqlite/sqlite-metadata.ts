import { Fault } from '../../model/fault.ts';
import { boundlessRoom, type Room } from '../../model/room.ts';
import { type Lookups, lookUpOnce } from '../lookups.ts';
import type { MetadataStore, MetadataTransaction, MetadataView, Weight } from '../metadata-store.ts';
import { transactionOf, viewOf } from '../views.ts';
import { Checkpointer, type LogLimits } from './checkpointer.ts';
import { Connection } from './connection.ts';
import { checkEngine } from './engine-check.ts';
import { isFatal, isFull } from './failure.ts';
import { GroupCommit } from './group-commit.ts';
import { LogForcer, LogNotForced } from './log-forcer.ts';
import { migrate } from './migrate.ts';
import { ReaderPool } from './reader-pool.ts';
import { settleLog } from './settle-log.ts';

const READERS = 4;

export interface SqliteOptions {
  /** Hears the text of every statement, for measuring. */
  readonly onQuery?: (sql: string) => void;
  readonly room?: Room;
  /** Hears once why the store has stopped (see `stop`). */
  readonly onFatal?: (error: Error) => void;
  /** Hears what went wrong in the background and does no harm. */
  readonly onWarning?: (error: unknown, what: string) => void;
  readonly logLimits?: LogLimits;
  /** In milliseconds. */
  readonly stopwatch?: () => number;
}

/**
 * The metadata in one SQLite file: one writer, and readers that never wait for it (WAL).
 *
 * A change for which the disk has no room is refused with `StorageFull`. When the disk fails, the store stops for good.
 */
export class SqliteMetadata implements MetadataStore {
  readonly #writer: Connection;
  readonly #writes: GroupCommit;
  readonly #checkpointer: Checkpointer;
  readonly #log: LogForcer;
  readonly #readers: ReaderPool;
  readonly #options: SqliteOptions;
  readonly #path: string;
  readonly #inspectors = new Set<Connection>();
  #stopped: Error | undefined;
  #ranOut = false;

  /** Opens the file, creating it if need be, and brings its schema up to date. */
  constructor(path: string, options: SqliteOptions = {}) {
    const { onQuery, onWarning, room = boundlessRoom, stopwatch = () => performance.now(), logLimits } = options;
    this.#options = options;
    this.#path = path;
    this.#writer = new Connection(path, 'write', onQuery);
    settleLog(this.#writer.database);
    migrate(this.#writer.database);
    this.#checkpointer = new Checkpointer(this.#writer.database, path, {
      isTight: () => room.isShort,
      onError: (error) => {
        if (this.#judge(error) === error) onWarning?.(error, 'copying the log into the database failed');
      },
      onThreadLost: (reason) => onWarning?.(reason, 'the thread that copies the log is lost; commits do its work'),
      ...(logLimits && { limits: logLimits }),
    });
    this.#log = new LogForcer(`${path}-wal`);
    this.#writes = new GroupCommit(this.#writer, {
      stopwatch,
      force: () => this.#log.force(),
      beforeGroup: () => room.look(),
      afterGroup: () => this.#relieve(),
      translate: (error) => this.#judge(error),
    });
    this.#readers = new ReaderPool(Array.from({ length: READERS }, () => new Connection(path, 'read', onQuery)));
  }

  read<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    return this.#read((connection) => connection.transact((session) => look(viewOf(session))));
  }

  lookUp<T>(look: (lookups: Lookups) => Promise<T>): Promise<T> {
    return this.#read((connection) =>
      connection.lookUp((session) => lookUpOnce({ answer: (lookup, given) => lookup.ask(session, given) }, look)),
    );
  }

  async #read<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#stopped) throw this.#stopped;
    this.#writes.noteCompany();
    try {
      return await this.#readers.use(work);
    } catch (error) {
      throw this.#judge(error);
    } finally {
      await this.#seenIsDurable();
    }
  }

  async inspect<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    if (this.#stopped) throw this.#stopped;
    const connection = new Connection(this.#path, 'read', this.#options.onQuery);
    this.#inspectors.add(connection);
    try {
      return await connection.transact((session) => look(viewOf(session)));
    } finally {
      await this.#seenIsDurable();
      if (this.#inspectors.delete(connection)) connection.close();
    }
  }

  check(): Promise<string[]> {
    return checkEngine(this.#path);
  }

  async write<T>(change: (tx: MetadataTransaction) => Promise<T>, weight?: Weight): Promise<T> {
    return this.#writes.run((session) => change(transactionOf(session)), weight);
  }

  /**
   * Refuses all that is under way or to come: nothing more is read or committed. For when nobody knows what the disk holds;
   * the store stops itself, too, when SQLite meets that.
   */
  stop(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = error;
    this.#writes.stop(error);
    this.#options.onFatal?.(error);
  }

  /**
   * Waits for what is under way, but for inspections, which break off; then closes every connection. A store that has stopped is left as it is: closing would
   * write to the disk once more.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return;
    for (const connection of this.#inspectors) {
      this.#inspectors.delete(connection);
      connection.close();
    }
    await this.#readers.close();
    await this.#writes.idle();
    await this.#checkpointer.close();
    await this.#log.close();
    this.#writer.close();
  }

  /** What was seen may have been committed a moment ago, and nobody may be told of it who would then see it gone. */
  async #seenIsDurable(): Promise<void> {
    try {
      await this.#log.pending;
    } catch (error) {
      throw this.#judge(error);
    }
  }

  #relieve(): Promise<void> | undefined {
    const ranOut = this.#ranOut;
    this.#ranOut = false;
    return this.#stopped ? undefined : this.#checkpointer.relieve(ranOut);
  }

  /** What callers hear of an error: those of the disk are acted upon, all others pass as they are. */
  #judge(error: unknown): unknown {
    if (isFull(error)) {
      this.#ranOut = true;
      this.#options.room?.ranOut();
      return new Fault('StorageFull', {});
    }
    if (error instanceof LogNotForced || isFatal(error)) this.stop(error as Error);
    return error;
  }
}
