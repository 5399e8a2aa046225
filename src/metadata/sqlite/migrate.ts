import type { DatabaseSync } from 'node:sqlite';
import { firstLight } from './migrations/0001-first-light.ts';
import { deletionAtScale } from './migrations/0002-deletion-at-scale.ts';
import { namesOutliveImages } from './migrations/0003-names-outlive-images.ts';
import { whatRepositoriesSee } from './migrations/0004-what-repositories-see.ts';
import { uploadsOfManyNames } from './migrations/0005-uploads-of-many-names.ts';

/** In order; the database's `user_version` says how many it has. */
const MIGRATIONS: readonly string[] = [
  firstLight,
  deletionAtScale,
  namesOutliveImages,
  whatRepositoriesSee,
  uploadsOfManyNames,
];

/** Brings the schema up to date, each step whole or not at all. A database of a newer Berth is refused, untouched. */
export function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`The database has schema version ${version}; this version of Berth knows ${MIGRATIONS.length}`);
  }
  if (version === MIGRATIONS.length) return;
  // A table that others refer to is replaced by dropping it, which they must not notice. They are checked at the end.
  database.exec('PRAGMA foreign_keys = 0');
  try {
    for (const [done, migration] of MIGRATIONS.entries()) {
      if (done >= version) apply(database, migration, done + 1);
    }
  } finally {
    database.exec('PRAGMA foreign_keys = 1');
  }
  // What the planner takes for granted is part of the schema, and is read when a database is opened.
  database.exec('ANALYZE sqlite_schema');
}

function apply(database: DatabaseSync, migration: string, version: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(migration);
    const dangling = database.prepare('PRAGMA foreign_key_check').all();
    if (dangling.length > 0) throw new Error(`Schema version ${version} would leave references to nothing`);
    database.exec(`PRAGMA user_version = ${version}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
