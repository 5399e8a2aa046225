import type { DatabaseSync } from 'node:sqlite';
import { firstLight } from './migrations/0001-first-light.ts';

/** In order; the database's `user_version` says how many it has. */
const MIGRATIONS: readonly string[] = [firstLight];

/** Brings the schema up to date, each step whole or not at all. A database of a newer Berth is refused, untouched. */
export function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`The database has schema version ${version}; this version of Berth knows ${MIGRATIONS.length}`);
  }
  for (const [done, migration] of MIGRATIONS.entries()) {
    if (done < version) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(migration);
      database.exec(`PRAGMA user_version = ${done + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
