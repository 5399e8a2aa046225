import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Connection } from '../../src/metadata/sqlite/connection.ts';
import { migrate } from '../../src/metadata/sqlite/migrate.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { filesIn, tempFolder } from '../support/temp-folder.ts';

const SAFE = {
  journal_mode: 'wal',
  synchronous: 1,
  foreign_keys: 1,
  busy_timeout: 5000,
  trusted_schema: 0,
  cell_size_check: 1,
  mmap_size: 0,
  temp_store: 2,
};

test.each(['read', 'write'] as const)('A connection to %s is set to lose nothing and trust nothing', async (mode) => {
  await using folder = await tempFolder();
  const connection = new Connection(join(folder.path, 'metadata.db'), mode);
  const actual = Object.keys(SAFE).map((name) => [
    name,
    Object.values(connection.database.prepare(`PRAGMA ${name}`).get() ?? {})[0],
  ]);
  expect(Object.fromEntries(actual)).toEqual(SAFE);
  connection.close();
});

test('A connection to read cannot write, whatever is asked of it', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const writer = new Connection(path, 'write');
  migrate(writer.database);
  const reader = new Connection(path, 'read');
  const change = reader.transact(async ({ db }) => db.deleteFrom('repository').execute());
  await expect(change).rejects.toThrow(/readonly/);
  reader.close();
  writer.close();
});

test('What a process that was killed left in the log is in the database itself before anybody is told of it', async () => {
  await using folder = await tempFolder();
  const [path, left] = [join(folder.path, 'metadata.db'), join(folder.path, 'left.db')];
  await using metadata = new SqliteMetadata(path);
  await metadata.write((tx) => insertRepository(tx, 'app'));
  for (const end of ['', '-wal']) await copyFile(path + end, left + end);
  await using _opened = new SqliteMetadata(left);
  const withoutLog = join(folder.path, 'without-log.db');
  await copyFile(left, withoutLog);
  const database = new DatabaseSync(withoutLog, { readOnly: true });
  expect(database.prepare('SELECT name FROM repository').all()).toEqual([{ name: 'app' }]);
  database.close();
});

test('A database of a newer Berth is refused, and left as it is', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  await new SqliteMetadata(path)[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 999');
  database.close();
  expect(() => new SqliteMetadata(path)).toThrow(/schema version 999.*knows 5/);
  const after = new DatabaseSync(path);
  expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 999 });
  after.close();
});

test('A schema step that fails leaves nothing of itself behind', async () => {
  await using folder = await tempFolder();
  const database = new DatabaseSync(join(folder.path, 'metadata.db'));
  database.exec('CREATE TABLE tag (x)');
  expect(() => migrate(database)).toThrow(/tag already exists/);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  expect(tables.map((table) => table['name'])).toEqual(['tag']);
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 0 });
  database.close();
});

test('What is no database is refused', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  await writeFile(path, 'This is a text, and longer than the header of a database would be. '.repeat(20));
  expect(() => new SqliteMetadata(path)).toThrow(/not a database/);
});

test('Opening an existing database changes nothing in it', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const first = new SqliteMetadata(path);
  await first.write((tx) => insertRepository(tx, 'app'));
  await first[Symbol.asyncDispose]();
  const before = schemaOf(path);
  const second = new SqliteMetadata(path);
  expect(await second.read((view) => view.repositories.find(REGISTRY, 'app'))).toBeDefined();
  await second[Symbol.asyncDispose]();
  expect(schemaOf(path)).toEqual(before);
  expect(before.length).toBeGreaterThan(10);
});

test('Closing waits for what is under way, and leaves one file with everything in it', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const metadata = new SqliteMetadata(path);
  const begun = Promise.withResolvers<void>();
  const view = metadata.read(async (look) => {
    const repositories = await look.repositories.list(REGISTRY, { after: '', limit: 9 });
    begun.resolve();
    await new Promise(setImmediate);
    return repositories;
  });
  const change = metadata.write((tx) => insertRepository(tx, 'app'));
  await begun.promise;
  await metadata[Symbol.asyncDispose]();
  expect(await view).toEqual([]);
  expect((await change).name).toBe('app');
  expect([...(await filesIn(folder.path)).keys()]).toEqual(['metadata.db']);
  await expect(metadata.read(async () => 1)).rejects.toThrow();
});

test('A commit is in the file when it is answered: another process sees it at once', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const metadata = new SqliteMetadata(path);
  await metadata.write((tx) => insertRepository(tx, 'app'));
  const other = new DatabaseSync(path, { readOnly: true });
  expect(other.prepare('SELECT name FROM repository').all()).toEqual([{ name: 'app' }]);
  other.close();
  await metadata[Symbol.asyncDispose]();
});

function schemaOf(path: string): unknown[] {
  const database = new DatabaseSync(path);
  const schema = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
  database.close();
  return schema;
}
