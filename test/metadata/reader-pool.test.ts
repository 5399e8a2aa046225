import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Connection } from '../../src/metadata/sqlite/connection.ts';
import { ReaderPool } from '../../src/metadata/sqlite/reader-pool.ts';
import { memoryFolder } from '../support/temp-folder.ts';

async function openPool(size: number) {
  const folder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  const pool = new ReaderPool(Array.from({ length: size }, () => new Connection(path, 'read')));
  return { pool, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** Somebody who holds a reader until told otherwise. */
function holdUp(pool: ReaderPool, done: string[], name: string) {
  const held = Promise.withResolvers<void>();
  const over = pool.use(async () => {
    await held.promise;
    done.push(name);
  });
  return { letGo: held.resolve, over };
}

test('A short read goes past a long one for as long as any reader is idle', async () => {
  await using opened = await openPool(2);
  const { pool } = opened;
  const done: string[] = [];
  const long = holdUp(pool, done, 'long');
  for (let at = 0; at < 5; at++) await pool.use(async () => done.push(`short ${at}`));
  long.letGo();
  await long.over;
  expect(done).toEqual(['short 0', 'short 1', 'short 2', 'short 3', 'short 4', 'long']);
  await pool.close();
});

test('Those who find every reader taken wait in order of arrival, whichever comes back', async () => {
  await using opened = await openPool(2);
  const { pool } = opened;
  const done: string[] = [];
  const first = holdUp(pool, done, 'first');
  const second = holdUp(pool, done, 'second');
  const waiting = ['a', 'b', 'c'].map((name) => pool.use(async () => done.push(name)));
  second.letGo();
  await Promise.all(waiting);
  first.letGo();
  await first.over;
  expect(done).toEqual(['second', 'a', 'b', 'c', 'first']);
  await pool.close();
});

test('A reader whose read fails goes on to the next', async () => {
  await using opened = await openPool(1);
  const { pool } = opened;
  const fails = pool.use(async () => {
    throw new Error('no');
  });
  const next = pool.use(async (connection) => connection.database.prepare('SELECT 1 AS one').get());
  await expect(fails).rejects.toThrow('no');
  expect(await next).toEqual({ one: 1 });
  await pool.close();
});

test('Closing waits for those who came before, and refuses those who come later without letting them wait', async () => {
  await using opened = await openPool(1);
  const { pool } = opened;
  const done: string[] = [];
  const first = holdUp(pool, done, 'first');
  const second = pool.use(async () => done.push('second'));
  const closed = pool.close();
  const late = pool.use((connection) => connection.transact(async () => done.push('late')));
  first.letGo();
  await second;
  await closed;
  await expect(late).rejects.toThrow(/not open/);
  await expect(pool.use((connection) => connection.transact(async () => 1))).rejects.toThrow(/not open/);
  expect(done).toEqual(['first', 'second']);
});
