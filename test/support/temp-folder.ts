import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test, gone with everything in it when the test is over. */
export interface TempFolder {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), 'berth-test-'));
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
