import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SqliteMetadata } from '../../../src/metadata/sqlite/sqlite-metadata.ts';
import { memoryFolder } from '../temp-folder.ts';

let fresh: Promise<Buffer> | undefined;

/** Puts a database with all the tables and nothing in them there, if there is none: a copy, for migrations take longer than most tests. */
export async function putFreshDatabase(path: string): Promise<void> {
  if (existsSync(path)) return;
  fresh ??= makeDatabase();
  await writeFile(path, await fresh);
}

async function makeDatabase(): Promise<Buffer> {
  await using folder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  await new SqliteMetadata(path)[Symbol.asyncDispose]();
  return readFile(path);
}
