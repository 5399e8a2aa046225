import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryFolder, type TempFolder } from '../../support/temp-folder.ts';

/** A file system of its own: ext4, in a file, mounted. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Fills what is left, as another program would, until the system has nothing more to give; answers what takes that back. */
  fill(): () => void;
}

export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk> {
  // The disk's own speed is not what is asked about.
  const folder = await memoryFolder();
  const path = join(folder.path, 'disk');
  try {
    await mkdir(path);
    makeAndMount(folder, path, mebibytes);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path,
    fill: () => fill(join(path, 'of-somebody-else')),
    [Symbol.asyncDispose]: async () => {
      // Whatever still has a file open there must not keep the disk for ever.
      if (spawnSync('umount', [path]).status !== 0) run('umount', ['--lazy', path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Why no disk can be mounted on this machine; `undefined` when one can. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'mounting a disk needs root';
  try {
    await (await mountSmallDisk(8))[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    return `a disk cannot be mounted here: ${(error as Error).message}`;
  }
}

function makeAndMount(folder: TempFolder, path: string, mebibytes: number): void {
  const image = join(folder.path, 'image');
  run('truncate', ['--size', `${mebibytes}M`, image]);
  // Nothing kept back for root, who would not notice that the disk is full.
  run('mkfs.ext4', ['-q', '-m', '0', '-b', '4096', image]);
  run('mount', ['-o', 'loop', image, path]);
}

function fill(path: string): () => void {
  const file = openSync(path, 'w');
  for (const size of [1024 * 1024, 4096]) {
    const noise = Buffer.alloc(size, 'noise');
    try {
      while (writeSync(file, noise) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

function run(command: string, parameters: readonly string[]): void {
  const { error, status, stderr } = spawnSync(command, parameters, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command}: ${stderr.trim()}`);
}
