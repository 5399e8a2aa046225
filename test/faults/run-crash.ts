import { spawnSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BerthOptions, type BerthProcess, startBerth } from '../support/berth-process.ts';
import type { Evidence } from './evidence.ts';
import { Dice } from './load/dice.ts';
import { type Finding, Journal } from './load/findings.ts';
import { type Conditions, Load } from './load/load.ts';
import { Operator } from './load/operator.ts';
import type { Disk } from './power-cut.ts';
import { storeFindings } from './store-check.ts';

export interface CrashOptions {
  readonly cycles: number;
  readonly seed: string;
  readonly clients: number;
  /** Where the data folder is made. */
  readonly folder: string;
  /** The disk that holds the folder, to cut its power; without it only the server is killed. */
  readonly disk?: Disk;
  /** What to plant in the server, cycle by cycle. */
  readonly planted?: (cycle: number) => BerthOptions;
  /** How the server of a cycle is started, in place of what the dice say. */
  readonly conditions?: (cycle: number) => Conditions;
  /**
   * A folder of another file system for the database. ext4 commits all of its journal when any file is forced to the disk,
   * so beside the database's own commits a missing fsync of a folder would never show.
   */
  readonly databaseFolder?: string;
  /** Ends the server the moment a push is acknowledged, rather than at any time. */
  readonly afterPush?: boolean;
  /** Lets what is planted act, and waits until the server ends by itself: for at most this many milliseconds. */
  readonly endsItself?: number;
  /** Hears whether it did. */
  readonly onEnd?: (cycle: number, byItself: boolean) => void;
  /** Stops after the cycle under way. */
  readonly over?: AbortSignal;
  /** Stops at the first finding: all that is wanted to know of a mutant. */
  readonly untilFound?: boolean;
  /** Where to keep what shows how a finding came about. */
  readonly evidence?: Evidence;
  /** Hears how far it has come, every so many cycles, and each finding. */
  readonly say: (line: string) => void;
  readonly sayEvery?: number;
}

export interface CrashReport {
  readonly seed: string;
  readonly cycles: number;
  readonly operations: number;
  readonly pushes: number;
  readonly deletes: number;
  /** Acknowledged images that are gone. */
  readonly lost: number;
  /** Acknowledged deletes that are undone. */
  readonly undone: number;
  readonly damaged: number;
  readonly failedPushes: number;
  readonly storeFindings: number;
  /** Milliseconds from the start of the server to ready, over the folder that the crash left. */
  readonly ready: { readonly median: number; readonly p99: number; readonly highest: number };
  readonly secondsPerCycle: number;
  readonly findings: readonly Finding[];
}

/** How often the server is killed once more before it is ready. */
const STARTS_INTERRUPTED = 0.2;
/** Longer than a few cycles: what a client was promised before a crash it builds upon afterwards. */
const LEASE = 8000;
/** Shorter than many runs, so that what is deleted goes for good in the end; longer than a crash and a start. */
const UNDO_WINDOW = 20_000;
/** Long enough for a client to push the subject again. */
const REFERRER_EXPIRY = 400;
const FLAGS = ['--gc-grace', '0s', '--gc-interval', '100ms', '--gc-lease', `${LEASE}ms`, '--upload-expiry', '5s'];

/** Whatever a server may be started with. */
export const ALL_CONDITIONS: Required<Conditions> = {
  undoWindow: UNDO_WINDOW,
  referrerExpiry: REFERRER_EXPIRY,
  repairs: true,
};

/**
 * Starts the server, compares everything that clients know with what it has, loads it, ends it at a moment that it does not
 * expect, looks at what it left on the disk, and so on over the same folder.
 */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const { cycles, seed, clients, folder, say, sayEvery = 10 } = options;
  const journal = new Journal((finding) => say(`cycle ${cycle}: ${finding.kind}: ${finding.text}`));
  const dice = new Dice(seed);
  const dataDir = join(folder, 'data');
  const operator = new Operator(dataDir, dice.fork('operator'), journal);
  const load = new Load({ dice, journal, clients, lease: LEASE, operator });
  const ready: number[] = [];
  const began = performance.now();
  let cycle = 0;
  let startInterrupted = false;
  /** How many findings are those of earlier crashes. */
  let earlier = 0;
  const keepEvidence = async (crash: number) => {
    const findings = journal.findings.slice(earlier);
    if (findings.length === 0 || !options.evidence) return;
    const where = await options.evidence.keep({ seed, cycle: crash, startInterrupted, findings }, journal);
    say(`cycle ${cycle}: what shows how it came about is in ${where}`);
  };
  if (options.databaseFolder !== undefined) await putDatabaseInto(options.databaseFolder, dataDir);
  const interruptStart = async (flags: readonly string[]) => {
    const enough = AbortSignal.timeout(50 + dice.below(700));
    const berth = await startBerth(flags, { signal: enough }).catch(() => undefined);
    await options.disk?.cut();
    await berth?.kill('SIGKILL');
    await options.disk?.restore();
  };
  const start = async (flags: readonly string[], planted: BerthOptions): Promise<BerthProcess> => {
    const started = performance.now();
    const berth = await startBerth(flags, planted);
    ready.push(performance.now() - started);
    return berth;
  };
  for (cycle = 1; ; cycle++) {
    const conditions = cycle > cycles ? {} : (options.conditions?.(cycle) ?? someConditions(dice));
    const flags = ['--data-dir', dataDir, ...flagsFor(conditions)];
    if (conditions.repairs) await operator.miscount();
    startInterrupted = dice.chance(STARTS_INTERRUPTED);
    if (startInterrupted) await interruptStart(flags);
    const planted = cycle <= cycles ? (options.planted?.(cycle) ?? {}) : {};
    const started = await start(flags, planted).catch((error: Error) => {
      // Whoever ends this program may have sent its signal to the server as well.
      if (!options.over?.aborted) journal.find('lost', `the server does not start again: ${error.message}`);
    });
    if (!started) {
      await keepEvidence(cycle - 1);
      break;
    }
    await using berth = started;
    journal.mustAnswer = true;
    await load.check(berth.origin);
    journal.mustAnswer = false;
    await keepEvidence(cycle - 1);
    earlier = journal.findings.length;
    // What the last crash left is looked at, too.
    if (cycle > cycles || options.over?.aborted || (options.untilFound && journal.findings.length > 0)) break;
    const over = new AbortController();
    const work = load.run(berth.origin, over.signal, conditions);
    const byItself = await endOf(options, berth, dice, journal);
    options.onEnd?.(cycle, byItself);
    over.abort();
    await work;
    journal.powerIsGone = false;
    await options.disk?.restore();
    startInterrupted = false;
    await options.evidence?.copy(dataDir, options.databaseFolder);
    if (conditions.repairs) await operator.repair();
    for (const text of await storeFindings(dataDir)) journal.find('store', text);
    await keepEvidence(cycle);
    if (cycle % sayEvery === 0) {
      say(`cycle ${cycle}: ${journal.operations} operations, ${journal.findings.length} findings`);
    }
  }
  const secondsPerCycle = (performance.now() - began) / 1000 / Math.max(1, cycle - 1);
  const sorted = ready.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  return {
    seed,
    cycles: cycle - 1,
    operations: journal.operations,
    pushes: journal.counted('pushes'),
    deletes: journal.counted('deletes'),
    lost: journal.findingsOf('lost'),
    undone: journal.findingsOf('undone'),
    damaged: journal.findingsOf('damaged'),
    failedPushes: journal.findingsOf('failed push'),
    storeFindings: journal.findingsOf('store'),
    ready: { median: at(0.5), p99: at(0.99), highest: at(1) },
    secondsPerCycle: Math.round(secondsPerCycle * 100) / 100,
    findings: journal.findings,
  };
}

/** Each of them in some of the cycles: the load is to meet a server without them, too. */
function someConditions(dice: Dice): Conditions {
  return {
    ...(dice.chance(0.5) && { undoWindow: UNDO_WINDOW }),
    ...(dice.chance(0.5) && { referrerExpiry: REFERRER_EXPIRY }),
    repairs: dice.chance(0.3),
  };
}

function flagsFor({ undoWindow, referrerExpiry }: Conditions): string[] {
  return [
    ...FLAGS,
    ...(undoWindow === undefined ? [] : ['--undo-window', `${undoWindow}ms`]),
    ...(referrerExpiry === undefined ? [] : ['--referrer-expiry', `${referrerExpiry}ms`]),
  ];
}

/** Lets the clients work for a while and ends the server. Answers whether it had ended by itself. */
async function endOf(options: CrashOptions, berth: BerthProcess, dice: Dice, journal: Journal): Promise<boolean> {
  const { disk, endsItself, afterPush } = options;
  let byItself = false;
  if (endsItself === undefined) {
    // Counted in what is done rather than in time: a busy machine would see its server killed before anything was.
    const goal = journal.operations + 20 + dice.below(800);
    const patience = performance.now() + 5000;
    while (journal.operations < goal && performance.now() < patience) await sleep(2);
  } else {
    berth.signal('SIGUSR2');
    const waiting = new AbortController();
    const inTime = sleep(endsItself, false, { signal: waiting.signal }).catch(() => false);
    byItself = await Promise.race([berth.ended.then(() => true), inTime]);
    waiting.abort();
  }
  if (afterPush) await Promise.race([journal.next('pushes'), sleep(1000)]);
  journal.ends.push(performance.now());
  journal.powerIsGone = disk !== undefined;
  await disk?.cut();
  await berth.kill('SIGKILL');
  return byItself;
}

async function putDatabaseInto(folder: string, dataDir: string): Promise<void> {
  await mkdir(dataDir);
  await symlink(join(folder, 'berth.db'), join(dataDir, 'berth.db'));
  const { status } = spawnSync('sync', ['-f', dataDir]);
  if (status !== 0) throw new Error('the folder could not be forced to its disk');
}
