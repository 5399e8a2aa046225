import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { isFatal, isFull } from '../../src/metadata/sqlite/failure.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { isFault } from '../../src/model/fault.ts';
import { boundlessRoom } from '../../src/model/room.ts';
import { insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { memoryFolder } from '../support/temp-folder.ts';

const sqliteError = (errcode: number) => Object.assign(new Error(`result code ${errcode}`), { errcode });

describe("SQLite's result codes", () => {
  test.each([
    ['SQLITE_IOERR', 10, 'fatal'],
    ['SQLITE_IOERR_READ', 266, 'fatal'],
    ['SQLITE_IOERR_WRITE', 778, 'fatal'],
    ['SQLITE_IOERR_FSYNC', 1034, 'fatal'],
    ['SQLITE_IOERR_SHMSIZE', 4874, 'full'],
    ['SQLITE_CORRUPT', 11, 'fatal'],
    ['SQLITE_CORRUPT_INDEX', 779, 'fatal'],
    ['SQLITE_FULL', 13, 'full'],
    ['SQLITE_NOTADB', 26, 'fatal'],
    ['SQLITE_BUSY', 5, 'neither'],
    ['SQLITE_CONSTRAINT_UNIQUE', 2067, 'neither'],
  ])('%s (%i) is %s', (_, code, meaning) => {
    const error = sqliteError(code);
    expect([isFatal(error), isFull(error)]).toEqual([meaning === 'fatal', meaning === 'full']);
  });

  test('are nothing that other errors have', () => {
    for (const error of [
      new Error('no'),
      sqliteError(0),
      { errcode: 10 },
      undefined,
      Object.assign(new Error('no'), { code: 10 }),
    ]) {
      expect([isFatal(error), isFull(error)]).toEqual([false, false]);
    }
  });
});

test('A change for which there is no space is undone and refused, the room hears of it, and the store goes on', async () => {
  await using folder = await memoryFolder();
  let ranOut = 0;
  const room = { ...boundlessRoom, ranOut: () => ranOut++ };
  await using metadata = new SqliteMetadata(join(folder.path, 'metadata.db'), { room });
  const change = metadata.write(async (tx) => {
    await insertRepository(tx, 'app');
    throw sqliteError(13);
  });
  await expect(change).rejects.toSatisfy((error) => isFault(error, 'StorageFull'));
  expect(ranOut).toBe(1);
  expect((await metadata.write((tx) => insertRepository(tx, 'app'))).name).toBe('app');
});

test('A store that has met a database that is damaged tells it once, and refuses everything from then on', async () => {
  await using folder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  const whole = new SqliteMetadata(path);
  for (let at = 0; at < 200; at++) await whole.write((tx) => insertRepository(tx, `repository-${at}`));
  await whole[Symbol.asyncDispose]();
  await damage(path, 'repository');

  const fatal: Error[] = [];
  const metadata = new SqliteMetadata(path, { onFatal: (error) => fatal.push(error) });
  const list = () => metadata.read((view) => view.repositories.list(REGISTRY, { after: '', limit: 9 }));
  await expect(list()).rejects.toThrow(/malformed/);
  await expect(list()).rejects.toBe(fatal[0]);
  await expect(metadata.write((tx) => insertRepository(tx, 'late'))).rejects.toBe(fatal[0]);
  expect(fatal).toHaveLength(1);
  await metadata[Symbol.asyncDispose]();
});

/** Overwrites the first page of the table and of each of its indexes. */
async function damage(path: string, table: string): Promise<void> {
  const database = new DatabaseSync(path);
  const roots = database.prepare('SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 1').all(table);
  database.close();
  await using file = await open(path, 'r+');
  for (const { rootpage } of roots) await file.write(Buffer.alloc(4096, 0xff), 0, 4096, (Number(rootpage) - 1) * 4096);
}
