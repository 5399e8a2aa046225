import pg from 'pg';
import { sessionTypes } from './types.ts';

export type Pool = pg.Pool;

export interface PoolOptions {
  readonly url: string;
  /** Connections at most. */
  readonly pool: number;
  /** In milliseconds: what the database may take for one statement. */
  readonly statementTimeout: number;
  /** In milliseconds: how long to wait for a connection. */
  readonly connectTimeout: number;
  /** In milliseconds: after so long between two statements PostgreSQL breaks a transaction off. */
  readonly idleInTransaction?: number;
  /** Hears what went wrong in the background and does no harm. */
  readonly onWarning?: (error: unknown, what: string) => void;
}

/**
 * In milliseconds. A process that stops in the middle of a transaction, or whose network does, holds up the others who want the
 * same repository; after so long PostgreSQL breaks that transaction off. Nothing that Berth does between two statements
 * takes anywhere near as long.
 */
const IDLE_IN_TRANSACTION = 10_000;
/** Of the statement's time. Longer than a transaction that stands still may hold up others. */
const LOCK_TIMEOUT = 0.8;
/** In milliseconds: so much later than the database should have, the client gives a statement up. */
const GRACE = 5_000;
/** In milliseconds. */
const IDLE_CONNECTION = 60_000;
const KEEP_ALIVE = 10_000;

/**
 * Every statement of Berth finds its rows by a key; the few that count read one end of an index. PostgreSQL is told so, for on
 * a table that it has not counted yet, or has counted when it was small, it may find reading all of it cheaper, and go on so. A
 * plan is made once for each statement of a connection: what is in the lists makes none better. Such a plan does not know how
 * short a page is, so it may find collecting a whole repository and sorting it cheaper than following the index, and share
 * that out to processes of its own.
 */
export const PLANS = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  max_parallel_workers_per_gather: '0',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  join_collapse_limit: '1',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
};

export function openPool(options: PoolOptions): Pool {
  const settings = { ...PLANS, tcp_keepalives_idle: '10', tcp_keepalives_interval: '5', tcp_keepalives_count: '3' };
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'berth',
    max: options.pool,
    connectionTimeoutMillis: options.connectTimeout,
    idleTimeoutMillis: IDLE_CONNECTION,
    statement_timeout: options.statementTimeout,
    lock_timeout: Math.floor(options.statementTimeout * LOCK_TIMEOUT),
    idle_in_transaction_session_timeout: options.idleInTransaction ?? IDLE_IN_TRANSACTION,
    query_timeout: options.statementTimeout + GRACE,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE,
    pipeline: true,
    types: sessionTypes,
  });
  // One that breaks while it is used tells whoever waits for its answer; an event that nobody heard would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // An idle one that breaks leaves the pool by itself.
  pool.on('error', (error) => options.onWarning?.(error, 'a connection to the database broke'));
  return pool;
}
