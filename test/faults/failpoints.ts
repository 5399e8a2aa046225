import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BerthOptions } from '../support/berth-process.ts';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

/** Where no client of a server comes by: an import has the stores for itself. */
const NOBODY = ['registry/import/'];

/** The names of all failpoints in the source that a server may come to, each once; not those in `folders`, for stores not in use. */
export async function failpointsInSource(folders: readonly string[] = []): Promise<string[]> {
  const names = new Set<string>();
  for (const file of await readdir(SOURCE, { recursive: true })) {
    if (!file.endsWith('.ts') || [...NOBODY, ...folders].some((folder) => file.startsWith(folder))) continue;
    const text = await readFile(join(SOURCE, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/\bfailpoint\(\s*'([^']+)'/g)) names.add(name);
  }
  return [...names].sort();
}

/** Has the server kill itself when it comes to this failpoint for the `hit`-th time after SIGUSR2. */
export function plantedAt(name: string, hit: number): BerthOptions {
  return {
    preload: new URL('./berth-with-failpoints.ts', import.meta.url),
    // Not named as settings are: of those, Berth refuses what it does not know.
    env: { FAILPOINT: name, FAILPOINT_HIT: String(hit) },
  };
}
