import { DatabaseSync } from 'node:sqlite';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** As many problems as are worth reading. */
const LIMIT = 100;

/**
 * What SQLite itself finds wrong with the file: `integrity_check` and `foreign_key_check`. Both read the whole file on one
 * snapshot, which takes seconds for every gigabyte; so a thread of its own does it, and nobody waits for it.
 */
export async function checkEngine(path: string): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const worker = new Worker(new URL(import.meta.url), { workerData: { checkEngine: path } });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`The check ended early, with code ${code}`)));
  return promise;
}

function problemsIn(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const found: string[] = [];
    for (const row of database.prepare(`PRAGMA integrity_check(${LIMIT})`).all()) {
      const text = String(row['integrity_check']);
      if (text !== 'ok') found.push(text);
    }
    for (const row of database.prepare('PRAGMA foreign_key_check').iterate()) {
      if (found.length >= LIMIT) break;
      found.push(`A row of ${row['table']} (${row['rowid'] ?? 'no rowid'}) refers to nothing in ${row['parent']}`);
    }
    return found;
  } finally {
    database.close();
  }
}

// In the thread that was started for it; wherever else this file is loaded, there is no such task.
const task: unknown = workerData;
if (typeof task === 'object' && task !== null && 'checkEngine' in task && typeof task.checkEngine === 'string') {
  parentPort?.postMessage(problemsIn(task.checkEngine));
}
