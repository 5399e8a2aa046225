import pg from 'pg';
import { Fault } from '../../model/fault.ts';
import { StoreUnavailable } from '../../model/store-unavailable.ts';

/**
 * What a failure of PostgreSQL means for the transaction that met it.
 *
 * `again`: others were in its way, and it may be run once more: a serialization failure, a deadlock, a lock that was not to be
 * had in time. `met`: it came upon a row that another transaction had just committed or removed; run again, it sees that.
 * `stale`: the connection has prepared a statement when tables had other columns, and is to be closed: a migration came in between.
 * `lost`: the connection or the server is gone. `busy`: the server is there and cannot do it now. `full`: its disk is full.
 * `error`: none of these, so most likely ours.
 */
export type FailureKind = 'again' | 'stale' | 'met' | 'lost' | 'busy' | 'full' | 'error';

/**
 * Where PostgreSQL refuses, as a feature that it does not have, a statement whose columns are others than when it was prepared.
 * What it says of it is in the server's language.
 */
const STALE = { code: '0A000', routine: 'RevalidateCachedQuery' } as const;

/** By SQLSTATE, as PostgreSQL's manual lists them in appendix A. */
const STATES: Readonly<Record<string, FailureKind>> = {
  '40001': 'again', // serialization_failure
  '40P01': 'again', // deadlock_detected
  '55P03': 'again', // lock_not_available
  '23505': 'met', // unique_violation
  '23503': 'met', // foreign_key_violation
  '57014': 'busy', // query_canceled: by statement_timeout
  '53300': 'busy', // too_many_connections
  '53400': 'busy', // configuration_limit_exceeded
  '25006': 'busy', // read_only_sql_transaction: a standby, while another server takes over
  '53100': 'full', // disk_full
  '57P01': 'lost', // admin_shutdown
  '57P02': 'lost', // crash_shutdown
  '57P03': 'lost', // cannot_connect_now
  '57P05': 'lost', // idle_session_timeout
  '25P03': 'lost', // idle_in_transaction_session_timeout
};

/** What Node calls it when a connection cannot be made, or breaks. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNABORTED',
]);

/** What pg says where it gives no code. */
const SENTENCES = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'Query read timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
];

export function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'error';
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && code !== undefined) {
    if (code === STALE.code && error.routine === STALE.routine) return 'stale';
    return STATES[code] ?? (code.startsWith('08') ? 'lost' : 'error');
  }
  if (error instanceof AggregateError) return error.errors.some((one) => kindOf(one) === 'lost') ? 'lost' : 'error';
  if (code !== undefined && NETWORK.has(code)) return 'lost';
  return SENTENCES.some((sentence) => error.message.includes(sentence)) ? 'lost' : 'error';
}

/** PostgreSQL's or the system's code, where there is one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What callers of the store hear of it. */
export function translate(error: unknown): unknown {
  switch (kindOf(error)) {
    case 'again':
    case 'stale':
    case 'lost':
    case 'busy':
      return new StoreUnavailable('database', error);
    case 'full':
      return new Fault('StorageFull', {});
    default:
      return error;
  }
}
