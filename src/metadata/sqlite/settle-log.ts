import type { DatabaseSync } from 'node:sqlite';
import { isFull } from './failure.ts';

/**
 * Puts on the disk what the log had when the database was opened. A process that ended within a commit, or upon an fsync that
 * failed, leaves a log that the system remembers and the disk may not have. SQLite takes what it reads there for committed;
 * before anybody is told so, it is copied into the database, which forces the log and then the copy.
 *
 * Without room for the copy the log alone is forced.
 */
export function settleLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}
