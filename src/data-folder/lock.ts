import { DatabaseSync } from 'node:sqlite';

/**
 * Holds the folder for this process. The lock is the operating system's, taken through SQLite, so it ends with the process
 * however that ends. Answers `undefined` when another process holds it.
 */
export function lockFolder(path: string): Disposable | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

const SQLITE_BUSY = 5;
