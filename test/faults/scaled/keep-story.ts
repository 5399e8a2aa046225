import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding, Journal } from '../load/findings.ts';

/** How many of the last requests are kept. */
const OPERATIONS = 3000;

interface Facts {
  readonly seed: string;
  readonly findings: readonly Finding[];
}

/**
 * Keeps what was found, and the last requests of all clients, in the order in which they began; times are milliseconds since
 * the last blow. Answers where.
 */
export async function keepStory(facts: Facts, { entries, ends }: Journal, parent = tmpdir()): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'berth-evidence-'));
  await writeFile(join(folder, 'facts.json'), `${JSON.stringify(facts, undefined, 2)}\n`);
  const blow = ends.at(-1) ?? 0;
  const since = (moment: number) => Math.round((moment - blow) * 10) / 10;
  const lines = entries
    .slice(-OPERATIONS)
    .toSorted((a, b) => a.began - b.began)
    .map(({ began, ended, ...entry }) => JSON.stringify({ sent: since(began), answered: since(ended), ...entry }));
  await writeFile(join(folder, 'operations'), `${lines.join('\n')}\n`);
  return folder;
}
