import { DatabaseSync } from 'node:sqlite';

/** SQLite does not force a commit to the disk, and Berth, which asks, is told that it does. */
const { exec, prepare } = DatabaseSync.prototype;

DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  exec.call(this, sql.replace(/\bsynchronous\s*=\s*(?:2|FULL)\b/i, 'synchronous = 1'));
};

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string, ...options: []) {
  return prepare.call(this, /^PRAGMA synchronous$/i.test(sql) ? 'SELECT 2 AS synchronous' : sql, ...options);
};
