import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import { StoreUnavailable } from '../../model/store-unavailable.ts';
import { type Lookups, lookUpOnce } from '../lookups.ts';
import type { MetadataStore, MetadataTransaction, MetadataView } from '../metadata-store.ts';
import { transactionOf, viewOf } from '../views.ts';
import { Connections, type Loan, type PoolCounts } from './connections.ts';
import { sendTogether } from './corked.ts';
import { checkDatabase } from './database-check.ts';
import { codeOf, type FailureKind, kindOf, translate } from './failure.ts';
import { GatheredLookups } from './gathered-lookups.ts';
import type { PoolOptions } from './open-pool.ts';
import { PostgresSession } from './postgres-session.ts';
import { prepareSchema } from './prepare-schema.ts';

export interface PostgresOptions extends PoolOptions {
  /** Hears the text of every statement, for measuring. */
  readonly onQuery?: (sql: string) => void;
  /** Hears, when it is opened, that the database has no tables, before they are made; may throw to leave it so. */
  readonly whenEmpty?: () => void;
  /** Hears that a transaction is run once more, and PostgreSQL's code for why. */
  readonly onRetry?: (reason: string) => void;
}

/**
 * How often a transaction is run, by what was in its way. One that came upon a row that should not be there, or lost its
 * connection before the commit, sees the next time what is there. After a migration every connection may be stale once.
 */
const ATTEMPTS: Readonly<Record<FailureKind, number>> = {
  again: 12,
  stale: 1_000,
  met: 4,
  lost: 4,
  busy: 1,
  full: 1,
  error: 1,
};
/** In milliseconds: after so long nothing is tried again. */
const LONGEST = 20_000;
/** In milliseconds: the most that the first repetition waits, and any. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 250;

/**
 * The metadata in one PostgreSQL database, which any number of processes share. Nothing is kept of it between two calls.
 *
 * Transactions read what is committed, statement by statement, and hold the rows that they depend on: the repository first,
 * then blobs in order of id, counters last (docs/adr/0029). One that others were in the way of is run again. When the database
 * cannot be reached, or does not answer in time, callers get `StoreUnavailable`; if the connection was lost within the commit,
 * nobody knows whether the change has happened.
 */
export class PostgresMetadata implements MetadataStore {
  readonly #connections: Connections;
  readonly #lookups: GatheredLookups;
  readonly #options: PostgresOptions;
  readonly #inspectors = new Set<PoolClient>();

  private constructor(options: PostgresOptions) {
    this.#connections = new Connections(options);
    this.#lookups = new GatheredLookups(this.#connections, options.onQuery);
    this.#options = options;
  }

  /**
   * Connects, and makes the tables in a database that has none.
   * @throws SchemaBehind, SchemaAhead, DatabaseUnreachable
   */
  static async open(options: PostgresOptions): Promise<PostgresMetadata> {
    await prepareSchema(options.url, undefined, options.whenEmpty);
    return new PostgresMetadata(options);
  }

  get pool(): PoolCounts {
    return this.#connections.counts;
  }

  async read<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    return this.#persist(() => this.#look(look));
  }

  async lookUp<T>(look: (lookups: Lookups) => Promise<T>): Promise<T> {
    return this.#persist(() => lookUpOnce(this.#lookups, look));
  }

  async inspect<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const { client, before } = await this.#take();
    this.#inspectors.add(client);
    const session = new PostgresSession(client, this.#options.onQuery);
    let met: unknown;
    try {
      await client.query(before + BEGIN_INSPECTION);
      return await look(viewOf(session));
    } catch (error) {
      met = error;
      throw translate(error);
    } finally {
      session.end();
      // Broken off when the store was closed, it has been given back.
      if (this.#inspectors.delete(client)) await this.#connections.endNow(client, endOf(client, met, 'COMMIT'));
    }
  }

  async check(): Promise<string[]> {
    const { client, before } = await this.#take();
    try {
      if (before !== '') await client.query(before);
      return await checkDatabase(client);
    } catch (error) {
      throw translate(error);
    } finally {
      client.release();
    }
  }

  async write<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T> {
    return this.#persist(() => this.#change(change));
  }

  /** Breaks inspections off, waits for what else is under way, and closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#inspectors) client.release(true);
    this.#inspectors.clear();
    await this.#connections.close();
  }

  async #look<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const { client, before } = await this.#connections.take();
    const session = new PostgresSession(client, this.#options.onQuery);
    try {
      const begun = begin(client, before + BEGIN_VIEW);
      const result = await look(viewOf(session));
      await begun;
      session.end();
      this.#connections.endLater(client);
      return result;
    } catch (error) {
      session.end();
      // A refusal of ours is not the connection's fault. Nothing hangs on the end of a view, so nobody waits for it.
      if (error instanceof Fault) this.#connections.endLater(client);
      else void this.#connections.endNow(client, endOf(client, error, 'COMMIT'));
      throw error;
    }
  }

  async #change<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T> {
    const { client, before } = await this.#connections.take();
    const session = new PostgresSession(client, this.#options.onQuery);
    let result: T;
    try {
      const begun = begin(client, before + BEGIN_CHANGE);
      result = await change(transactionOf(session));
      await begun;
      await failpoint('transaction.ready');
    } catch (met) {
      session.end();
      const error = session.failure ?? met;
      await this.#connections.endNow(client, endOf(client, error, 'ROLLBACK'));
      throw error;
    }
    await this.#commit(client, session);
    await failpoint('transaction.committed');
    return result;
  }

  /** Sends the last writes and the commit together; a commit behind a write that failed rolls back. */
  async #commit(client: PoolClient, session: PostgresSession): Promise<void> {
    sendTogether(client);
    const writes = session.counters.writes();
    session.end();
    const committed = client.query('COMMIT');
    const outcomes = await Promise.allSettled([...session.sent, ...writes, committed]);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    await this.#connections.endNow(client, failure ? Promise.reject(failure.reason) : committed);
    if (failure) {
      const isUnknown = kindOf(failure.reason) === 'lost';
      throw isUnknown ? new StoreUnavailable('database', failure.reason) : failure.reason;
    }
    // PostgreSQL answers a commit that it could not do with ROLLBACK, and without an error.
    if ((await committed).command !== 'COMMIT') throw new Error('A transaction that met no error was rolled back');
  }

  /** Runs what may meet others until it has come through. */
  async #persist<T>(run: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (attempt >= ATTEMPTS[kindOf(error)] || performance.now() - begun > LONGEST) throw translate(error);
        this.#options.onRetry?.(codeOf(error) ?? 'connection');
        if (kindOf(error) === 'stale') continue;
        // Not the same for everybody: those who met would meet again.
        await pause(randomInt(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt)));
      }
    }
  }

  async #take(): Promise<Loan> {
    try {
      return await this.#connections.take();
    } catch (error) {
      throw translate(error);
    }
  }
}

const BEGIN_VIEW = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const BEGIN_INSPECTION = `${BEGIN_VIEW}; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`;
const BEGIN_CHANGE = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Ends a transaction that met this error. A connection whose statements are stale is of no more use. */
function endOf(client: PoolClient, error: unknown, statement: 'COMMIT' | 'ROLLBACK'): Promise<unknown> {
  return kindOf(error) === 'stale' ? Promise.reject(error) : client.query(statement);
}

/** Not waited for before the first statement: that goes out with it. */
function begin(client: PoolClient, statement: string): Promise<unknown> {
  sendTogether(client);
  const begun = client.query(statement);
  begun.catch(() => undefined);
  return begun;
}
