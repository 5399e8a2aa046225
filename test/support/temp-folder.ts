import { existsSync, statfsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test, gone with everything in it when the test is over. */
export interface TempFolder {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const MEMORY = '/dev/shm';
const ROOM = 1024 ** 3;

/** In memory where the system offers that with room to spare: most tests ask what is stored, not how well. */
export async function memoryFolder(): Promise<TempFolder> {
  const { bavail, bsize } = existsSync(MEMORY) ? statfsSync(MEMORY) : { bavail: 0, bsize: 0 };
  return bavail * bsize > ROOM ? tempFolder(MEMORY) : tempFolder();
}

export async function tempFolder(parent = tmpdir()): Promise<TempFolder> {
  const path = await mkdtemp(join(parent, 'berth-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Every file below the folder with its size in bytes, by its path relative to the folder. */
export async function filesIn(folder: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const stat = await lstat(join(folder, name));
    if (!stat.isDirectory()) files.set(name, stat.size);
  }
  return files;
}

export async function bytesIn(folder: string): Promise<number> {
  return [...(await filesIn(folder)).values()].reduce((sum, size) => sum + size, 0);
}
