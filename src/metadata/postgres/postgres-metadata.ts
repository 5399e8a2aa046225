import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { failpoint } from '../../model/failpoint.ts';
import { StoreUnavailable } from '../../model/store-unavailable.ts';
import type { MetadataStore, MetadataTransaction, MetadataView } from '../metadata-store.ts';
import { transactionOf, viewOf } from '../views.ts';
import { checkDatabase } from './database-check.ts';
import { codeOf, type FailureKind, kindOf, translate } from './failure.ts';
import { openPool, type Pool, type PoolOptions } from './open-pool.ts';
import { PostgresSession } from './postgres-session.ts';
import { prepareSchema } from './prepare-schema.ts';

export interface PostgresOptions extends PoolOptions {
  /** Hears the text of every statement, for measuring. */
  readonly onQuery?: (sql: string) => void;
  /** Hears that a transaction is run once more, and PostgreSQL's code for why. */
  readonly onRetry?: (reason: string) => void;
}

/** Connections of the pool: all there are, those that nobody uses, and those who wait for one. */
export interface PoolCounts {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/**
 * How often a transaction is run, by what was in its way. One that came upon a row that should not be there, or lost its
 * connection before the commit, sees the next time what is there.
 */
const ATTEMPTS: Readonly<Record<FailureKind, number>> = { again: 12, met: 4, lost: 4, busy: 1, full: 1, error: 1 };
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
  readonly #pool: Pool;
  readonly #options: PostgresOptions;
  readonly #inspectors = new Set<PoolClient>();

  private constructor(pool: Pool, options: PostgresOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /**
   * Connects, and makes the tables in a database that has none.
   * @throws SchemaBehind, SchemaAhead, DatabaseUnreachable
   */
  static async open(options: PostgresOptions): Promise<PostgresMetadata> {
    await prepareSchema(options.url);
    return new PostgresMetadata(openPool(options), options);
  }

  get pool(): PoolCounts {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  async read<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    return this.#persist(() => this.#look(look));
  }

  async inspect<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    this.#inspectors.add(client);
    const session = new PostgresSession(client, this.#options.onQuery);
    try {
      await client.query(BEGIN_INSPECTION);
      return await look(viewOf(session));
    } catch (error) {
      throw translate(error);
    } finally {
      session.end();
      // Broken off when the store was closed, it has been given back.
      if (this.#inspectors.delete(client)) await giveBack(client, client.query('COMMIT'));
    }
  }

  async check(): Promise<string[]> {
    const client = await this.#connect();
    try {
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
    await this.#pool.end();
  }

  async #look<T>(look: (view: MetadataView) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const session = new PostgresSession(client, this.#options.onQuery);
    try {
      const begun = begin(client, BEGIN_VIEW);
      const result = await look(viewOf(session));
      await begun;
      return result;
    } finally {
      session.end();
      // Nothing hangs on the end of a view: only the next one on this connection waits for it.
      void giveBack(client, client.query('COMMIT'));
    }
  }

  async #change<T>(change: (tx: MetadataTransaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const session = new PostgresSession(client, this.#options.onQuery);
    let result: T;
    try {
      const begun = begin(client, BEGIN_CHANGE);
      result = await change(transactionOf(session));
      await begun;
      await failpoint('transaction.ready');
    } catch (error) {
      session.end();
      await giveBack(client, client.query('ROLLBACK'));
      throw error;
    }
    await this.#commit(client, session);
    await failpoint('transaction.committed');
    return result;
  }

  /** Sends the last writes and the commit together; a commit behind a write that failed rolls back. */
  async #commit(client: PoolClient, session: PostgresSession): Promise<void> {
    const writes = session.counters.writes();
    session.end();
    const committed = client.query('COMMIT');
    const outcomes = await Promise.allSettled([...writes, committed]);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    await giveBack(client, failure ? Promise.reject(failure.reason) : committed);
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
        // Not the same for everybody: those who met would meet again.
        await pause(randomInt(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt)));
      }
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw translate(error);
    }
  }
}

const BEGIN_VIEW = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const BEGIN_INSPECTION = `${BEGIN_VIEW}; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`;
const BEGIN_CHANGE = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Not waited for before the first statement: that stands behind it on the same connection. */
function begin(client: PoolClient, statement: string): Promise<unknown> {
  const begun = client.query(statement);
  begun.catch(() => undefined);
  return begun;
}

/** Gives the connection back when its last statement has been answered. One of which nobody knows where it stands is closed. */
async function giveBack(client: PoolClient, last: Promise<unknown>): Promise<void> {
  try {
    await last;
    client.release();
  } catch (error) {
    client.release(error as Error);
  }
}
