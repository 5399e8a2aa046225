import { setTimeout as sleep } from 'node:timers/promises';
import type { BerthOptions } from '../../support/berth-process.ts';
import { Dice } from '../load/dice.ts';
import { type Finding, Journal } from '../load/findings.ts';
import { Load } from '../load/load.ts';
import { HOWS, type How, strike } from './blows.ts';
import { checkCluster, checkEnd, type Left } from './check-cluster.ts';
import { Cluster } from './cluster.ts';
import { untilQuiet } from './quiet.ts';
import { Registers } from './registers.ts';
import { noteNamedKeys } from './rows.ts';

export interface ScaledOptions {
  readonly how: How | 'all' | 'nothing';
  /** No new cycle begins after so long. */
  readonly seconds: number;
  readonly cycles?: number;
  readonly processes: number;
  readonly seed: string;
  readonly clients: number;
  readonly folder?: string;
  /** How long a process is stopped, in milliseconds. */
  readonly pause: number;
  /** What to plant in a process when it is started. */
  readonly planted?: (number: number) => BerthOptions;
  /** Ends at the first finding. */
  readonly untilFound?: boolean;
  /** Ends after the cycle under way. */
  readonly over?: AbortSignal;
  readonly say: (line: string) => void;
}

export interface ScaledReport {
  readonly seed: string;
  readonly processes: number;
  readonly cycles: number;
  readonly seconds: number;
  readonly operations: number;
  readonly unheard: number;
  readonly pushes: number;
  readonly deletes: number;
  readonly blows: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly undone: number;
  readonly damaged: number;
  readonly failedPushes: number;
  readonly left: Left | undefined;
  readonly findings: readonly Finding[];
  readonly journal: Journal;
}

/** In milliseconds. Longer than a few cycles: what a client was promised before a blow it builds upon afterwards. */
export const LEASE = 15_000;
const UPLOAD_EXPIRY = 5000;
const FLAGS = [
  ['--gc-grace', '0s', '--gc-interval', '100ms', '--gc-lease', `${LEASE}ms`, '--upload-expiry', `${UPLOAD_EXPIRY}ms`],
  ['--database-timeout', '5s'],
].flat();

/**
 * Loads several processes that are one registry, hurts one part of it, heals it, waits until nothing is under way, compares all
 * that clients know with what every process has, and so on over the same database and bucket. At the end there has to be
 * nothing in the bucket but what is live, and when all is deleted, nothing.
 */
export async function runScaled(options: ScaledOptions): Promise<ScaledReport> {
  const { seed, processes, clients, pause, say } = options;
  const journal = new Journal((finding) => say(`cycle ${cycle}: ${finding.kind}: ${finding.text}`));
  const dice = new Dice(seed);
  const load = new Load({ dice: dice.fork('load'), journal, clients, lease: LEASE });
  const registers = new Registers({ dice: dice.fork('registers'), journal, clients: 4, tags: 3, lease: LEASE });
  const blows: Record<string, number> = {};
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let cycle = 0;
  const { folder, planted } = options;
  await using cluster = await Cluster.start({ processes, seed, folder, flags: FLAGS, ...(planted && { planted }) });
  say(`${processes} processes are ready after ${elapsed().toFixed(1)} s`);
  const isFound = () => options.untilFound === true && journal.findings.length > 0;
  await noteNamedKeys(cluster.databaseUrl);
  journal.mustAnswer = true;
  await registers.prepare(cluster.door());

  for (cycle = 1; cycle <= (options.cycles ?? Number.POSITIVE_INFINITY); cycle++) {
    if (elapsed() > options.seconds || options.over?.aborted || isFound()) break;
    const how = options.how === 'all' ? dice.oneOf(HOWS) : options.how === 'nothing' ? undefined : options.how;
    journal.mustAnswer = how === undefined;
    const over = new AbortController();
    const work = Promise.all([load.run(cluster.door(), over.signal), registers.run(cluster.door(), over.signal)]);
    await until(journal, journal.operations + 50 + dice.below(400), 4000);
    if (how) {
      const blow = await strike(how, { cluster, dice, pause });
      journal.ends.push(performance.now());
      say(`cycle ${cycle}: ${blow.what}`);
      blows[how] = (blows[how] ?? 0) + 1;
      await sleep(dice.below(1500));
      await blow.heal();
    }
    await until(journal, journal.operations + dice.below(400), 2000);
    over.abort();
    await work;
    await untilQuiet(cluster);
    journal.mustAnswer = true;
    await checkCluster({ cluster, load, registers, journal });
    if (cycle % 10 === 0) say(`cycle ${cycle}: ${journal.operations} operations, ${journal.findings.length} findings`);
  }
  const left = isFound() ? undefined : await checkEnd({ cluster, load, registers, journal }, LEASE + UPLOAD_EXPIRY);
  const unheard = Object.entries(journal.counts).filter(([what]) => what.endsWith(' unknown'));
  return {
    seed,
    processes,
    cycles: cycle - 1,
    seconds: Math.round(elapsed()),
    operations: journal.operations,
    unheard: unheard.reduce((sum, [, count]) => sum + count, 0),
    pushes: journal.counted('pushes'),
    deletes: journal.counted('deletes'),
    blows,
    lost: journal.findingsOf('lost'),
    undone: journal.findingsOf('undone'),
    damaged: journal.findingsOf('damaged'),
    failedPushes: journal.findingsOf('failed push'),
    left,
    findings: journal.findings,
    journal,
  };
}

/** Waits for so many operations, but not for long: those who do not know what came of a request have stopped. */
async function until(journal: Journal, operations: number, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  while (journal.operations < operations && performance.now() < deadline) await sleep(5);
}
