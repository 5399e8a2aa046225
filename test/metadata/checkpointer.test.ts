import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Checkpointer, type CheckpointerOptions } from '../../src/metadata/sqlite/checkpointer.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { insertRepository } from '../contract/metadata/fixture.ts';
import { memoryFolder, type TempFolder } from '../support/temp-folder.ts';

const LIMITS = { start: 20, most: 60 };

/** A database whose log grows by about ten frames with each `write`. */
async function open(options: Partial<CheckpointerOptions> = {}) {
  const folder: TempFolder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = 2; CREATE TABLE bytes (bytes BLOB NOT NULL)');
  const errors: unknown[] = [];
  const checkpointer = new Checkpointer(database, path, {
    limits: LIMITS,
    isTight: () => false,
    onError: (error) => errors.push(error),
    onThreadLost: (reason) => errors.push(reason),
    ...options,
  });
  const position = () => database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number; checkpointed: number };
  return {
    path,
    database,
    checkpointer,
    errors,
    position,
    write: () => database.exec('INSERT INTO bytes VALUES (randomblob(40000))'),
    [Symbol.asyncDispose]: async () => {
      await checkpointer.close();
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function threads(): number {
  return readdirSync('/proc/self/task').length;
}

describe('The log', () => {
  test('of a small database is left to its end, and no thread is started for it', async () => {
    await using opened = await open();
    const before = threads();
    opened.write();
    expect(opened.checkpointer.relieve(false)).toBeUndefined();
    await opened.checkpointer.close();
    expect(threads()).toBe(before);
    expect(opened.position().checkpointed).toBe(0);
  });

  test('is copied beside the writer when it has grown, and begins anew with the next commit', async () => {
    await using opened = await open();
    for (let at = 0; at < 3; at++) opened.write();
    expect(opened.checkpointer.relieve(false)).toBeUndefined();
    await expect
      .poll(opened.position)
      .toEqual({ busy: 0, log: opened.position().log, checkpointed: opened.position().log });
    opened.write();
    expect(opened.position().log).toBeLessThan(LIMITS.start);
    expect(opened.errors).toEqual([]);
  });

  test('makes the writer wait when it is longer than it should ever be, and is empty after that', async () => {
    await using opened = await open();
    for (let at = 0; at < 7; at++) opened.write();
    await opened.checkpointer.relieve(false);
    const { log, checkpointed } = opened.position();
    expect(log).toBeGreaterThan(LIMITS.most);
    expect(checkpointed).toBe(log);
  });

  test('stays bounded under a writer that never rests', async () => {
    await using opened = await open();
    let longest = 0;
    for (let at = 0; at < 200; at++) {
      opened.write();
      longest = Math.max(longest, opened.position().log);
      await opened.checkpointer.relieve(false);
    }
    expect(longest).toBeLessThan(2 * LIMITS.most);
    expect(opened.errors).toEqual([]);
  });

  test('is not let grow where space is short', async () => {
    await using opened = await open({ isTight: () => true });
    let longest = 0;
    for (let at = 0; at < 50; at++) {
      opened.write();
      longest = Math.max(longest, opened.position().log);
      await opened.checkpointer.relieve(false);
    }
    expect(longest).toBeLessThanOrEqual(LIMITS.start);
  });

  test('is copied at once where a commit has found no space', async () => {
    await using opened = await open();
    opened.write();
    await opened.checkpointer.relieve(true);
    const { log, checkpointed } = opened.position();
    expect(log).toBeGreaterThan(0);
    expect(checkpointed).toBe(log);
  });

  test('that somebody reads goes on without making the writer wait after every commit', async () => {
    await using opened = await open();
    const reader = new DatabaseSync(opened.path);
    reader.exec('BEGIN; SELECT count(*) FROM bytes');
    let waits = 0;
    for (let at = 0; at < 40; at++) {
      opened.write();
      const wait = opened.checkpointer.relieve(false);
      if (wait) waits += 1;
      await wait;
    }
    expect(opened.position().log).toBeGreaterThan(300);
    expect(waits).toBeGreaterThan(0);
    expect(waits).toBeLessThan(25);
    reader.exec('COMMIT');
    reader.close();
    for (let at = 0; at < 10; at++) {
      opened.write();
      await opened.checkpointer.relieve(false);
    }
    expect(opened.position().log).toBeLessThan(2 * LIMITS.most);
  });
});

test('A thread that is lost is told once, and commits copy the log from then on', async () => {
  await using opened = await open();
  // What the thread opens is no database any more, so it ends before it begins.
  const lost = new Checkpointer(opened.database, join(opened.path, 'nowhere'), {
    limits: LIMITS,
    isTight: () => false,
    onError: (error) => opened.errors.push(error),
    onThreadLost: (reason) => opened.errors.push(reason),
  });
  for (let at = 0; at < 7; at++) opened.write();
  await lost.relieve(false);
  expect(opened.errors).toEqual([expect.objectContaining({ message: expect.stringMatching(/unable to open/) })]);
  expect(opened.database.prepare('PRAGMA wal_autocheckpoint').get()).toEqual({ wal_autocheckpoint: LIMITS.start });
  for (let at = 0; at < 20; at++) {
    opened.write();
    await lost.relieve(false);
  }
  expect(opened.position().log).toBeLessThan(2 * LIMITS.most);
  expect(opened.errors).toHaveLength(1);
  await lost.close();
});

test('A store copies its log while it works, and closing leaves one file and no thread', async () => {
  await using folder = await memoryFolder();
  const before = threads();
  const path = join(folder.path, 'metadata.db');
  const warnings: unknown[] = [];
  const onWarning = (error: unknown) => warnings.push(error);
  const metadata = new SqliteMetadata(path, { logLimits: LIMITS, onWarning });
  for (let at = 0; at < 100; at++) {
    await metadata.write((tx) => insertRepository(tx, `repository-${at}`));
    await metadata.read((view) => view.repositories.find({ id: '1', region: 'r' }, 'none'));
  }
  const other = new DatabaseSync(path, { readOnly: true });
  const { log } = other.prepare('PRAGMA wal_checkpoint(NOOP)').get() ?? {};
  other.close();
  expect(log).toBeLessThan(2 * LIMITS.most);
  await metadata[Symbol.asyncDispose]();
  expect(warnings).toEqual([]);
  expect(readdirSync(folder.path)).toEqual(['metadata.db']);
  await expect.poll(threads).toBeLessThanOrEqual(before);
});

test('A thread with nothing to do does not keep the process', async () => {
  const script = `
    import { DatabaseSync } from 'node:sqlite';
    import { Checkpointer } from ${JSON.stringify(new URL('../../src/metadata/sqlite/checkpointer.ts', import.meta.url).href)};
    import { workerData } from 'node:worker_threads';
    const database = new DatabaseSync(workerData);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE bytes (bytes BLOB NOT NULL)');
    database.exec('INSERT INTO bytes VALUES (randomblob(400000))');
    const options = { limits: { start: 10, most: 10 }, isTight: () => false, onError() {}, onThreadLost() {} };
    await new Checkpointer(database, workerData, options).relieve(false);`;
  await using folder = await memoryFolder();
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const run = new Worker(url, { workerData: join(folder.path, 'metadata.db'), execArgv: [] });
  const [code] = await once(run, 'exit');
  expect(code).toBe(0);
});
