import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROBES = 500;
const POLL = 200;
const ENOUGH = 0.99;

export interface Returned {
  /** Until 99 % of the files were gone, or until patience was over. */
  readonly seconds: number;
  /** Of the files, how many were gone then. */
  readonly share: number;
}

/** Waits until 99 % of the files are gone, by a sample: to look at all of them would slow the server down. */
export async function waitForSpace(files: readonly string[], patience: number): Promise<Returned> {
  const step = Math.max(1, Math.floor(files.length / PROBES));
  const probes = files.filter((_, position) => position % step === 0);
  const started = performance.now();
  for (let left = probes; ; await sleep(POLL)) {
    const present = await Promise.all(left.map(isPresent));
    left = left.filter((_, position) => present[position]);
    const seconds = (performance.now() - started) / 1000;
    const share = 1 - left.length / probes.length;
    if (share >= ENOUGH || seconds > patience) return { seconds, share };
  }
}

function isPresent(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Bytes of all files below the folder, as written. What vanishes meanwhile does not count. */
export async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      sum += (await stat(join(entry.parentPath, entry.name))).size;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return sum;
}
