import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry, Finding, Journal } from './load/findings.ts';

/** How many operations of each client are kept. */
const OPERATIONS = 200;
/** Of how many crashes the moments are kept: what a client was told before one of them may be missed long after it. */
const ENDS = 10;

export interface Facts {
  readonly seed: string;
  /** The crash that this is about: the cycle that ended with it. */
  readonly cycle: number;
  /** Whether the server was ended once more, during its start, between the crash and the finding. */
  readonly startInterrupted: boolean;
  readonly findings: readonly Finding[];
}

/**
 * What is left of a crash that something was found after, in a folder of its own:
 *
 *   data/                  the data folder as the crash left it, before anybody opened it
 *   database/              the folder of the database, where that is another one
 *   facts.json             see Facts; and `ends`, when the last orders to end the server were given, as `operations` counts
 *   operations/<client>    the last operations of each client, one JSON object a line; see `lineOf`
 */
export interface Evidence extends AsyncDisposable {
  /** Copies what the crash has left, in place of what the last one did. */
  copy(dataDir: string, databaseFolder: string | undefined): Promise<void>;
  /** Keeps the copy and the story. Answers where. */
  keep(facts: Facts, journal: Journal): Promise<string>;
}

/** Collects evidence in a new folder in `parent`, which disposing removes unless something was kept. */
export async function openEvidence(parent = tmpdir()): Promise<Evidence> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'berth-evidence-'));
  const latest = join(folder, 'latest');
  let isKept = false;
  return {
    copy: async (dataDir, databaseFolder) => {
      await rm(latest, { recursive: true, force: true });
      await cp(dataDir, join(latest, 'data'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      if (databaseFolder === undefined) return;
      await cp(databaseFolder, join(latest, 'database'), { recursive: true, preserveTimestamps: true });
    },
    keep: async (facts, journal) => {
      isKept = true;
      const kept = join(folder, `cycle-${facts.cycle}`);
      // What is found when the server has started again may not be the first that is found after this crash.
      if (existsSync(latest)) await rename(latest, kept);
      await mkdir(join(kept, 'operations'), { recursive: true });
      const ends = journal.ends.slice(-ENDS).map((end) => Math.round(end - endOf(journal)));
      await writeFile(join(kept, 'facts.json'), `${JSON.stringify({ ...facts, ends }, undefined, 2)}\n`);
      for (const [client, entries] of operationsByClient(journal)) {
        const lines = entries.map((entry) => lineOf(entry, endOf(journal)));
        await writeFile(join(kept, 'operations', client), lines.join(''));
      }
      return kept;
    },
    [Symbol.asyncDispose]: async () => {
      await rm(isKept ? latest : folder, { recursive: true, force: true });
    },
  };
}

function operationsByClient({ entries }: Journal): Map<string, Entry[]> {
  const byClient = Map.groupBy(entries, ({ client }) => client);
  for (const [client, all] of byClient) byClient.set(client, all.slice(-OPERATIONS));
  return byClient;
}

function endOf({ ends }: Journal): number {
  return ends.at(-1) ?? 0;
}

/** Times are milliseconds since the last order to end the server or to cut its power, and negative before that. */
function lineOf({ began, ended, client: _, ...entry }: Entry, end: number): string {
  const since = (moment: number) => Math.round((moment - end) * 1000) / 1000;
  const answered = since(ended);
  const when = answered < 0 ? 'before' : 'after';
  return `${JSON.stringify({ sent: since(began), answered, when, ...entry })}\n`;
}
