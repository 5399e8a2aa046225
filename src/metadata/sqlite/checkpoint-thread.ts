import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { PassEnd } from './checkpointer.ts';

/*
 * A thread that copies the log into the database, one pass for each message, and ends at the message `close`. It takes from
 * the log what is committed and never waits for anybody, nor anybody for it.
 */
const database = new DatabaseSync(String(workerData));
database.exec('PRAGMA synchronous = 2; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -256; PRAGMA query_only = 1');
const pass = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', (message: 'pass' | 'close') => {
  if (message === 'close') {
    database.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(onePass());
});

/** Errors lose their code on the way between threads. */
function onePass(): PassEnd {
  try {
    pass.get();
    return {};
  } catch (error) {
    const { message, errcode = 0 } = error as Error & { readonly errcode?: number };
    return { failure: { message, errcode } };
  }
}
