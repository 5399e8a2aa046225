/**
 * Crashes as a program: `node test/faults/crash.ts --how power --cycles 200`. Prints its figures as one line of JSON and
 * ends with 1 when it found anything; with `--mutant`, when it found nothing.
 */
import { parseArgs } from 'node:util';
import { tempFolder } from '../support/temp-folder.ts';
import { openEvidence } from './evidence.ts';
import { failpointsInSource, plantedAt } from './failpoints.ts';
import type { Conditions } from './load/load.ts';
import { afterAnHonestCycle, findMutant } from './mutants/mutants.ts';
import { openDisk, whyNoPowerCuts } from './power-cut.ts';
import { ALL_CONDITIONS, type CrashOptions, runCrash } from './run-crash.ts';

const { values } = parseArgs({
  options: {
    /** `kill`, `power` or `failpoint`. */
    how: { type: 'string', default: 'kill' },
    /** Of failpoints, every one is a cycle as often as `--hits` says. */
    cycles: { type: 'string', default: '25' },
    seed: { type: 'string', default: String(Date.now()) },
    clients: { type: 'string', default: '8' },
    /** Where the data folder is made; for power cuts, it is on a disk of its own. */
    folder: { type: 'string' },
    /** Ends the server the moment a push is acknowledged, rather than at any time. */
    'after-push': { type: 'boolean', default: false },
    /** Has the database on another file system than the blobs. */
    'database-elsewhere': { type: 'boolean', default: false },
    /** The folder in which to keep what shows how a finding came about; the system's own for temporary files when not given. */
    keep: { type: 'string' },
    /** A fault to plant in the server; the run ends when it is caught. */
    mutant: { type: 'string' },
    /** The failpoints to come to; all that the source has when not given. */
    failpoints: { type: 'string' },
    /** At which hits of each failpoint to end the server. */
    hits: { type: 'string', default: '1,2,7' },
  },
});
/** What this server does not use. */
const OTHER_STORES = ['metadata/postgres/', 'blobs/s3/'];
process.exitCode = await main();

async function main(): Promise<number> {
  const { how, seed, mutant } = values;
  const why = await whyNot(how);
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return 0;
  }
  await using stack = new AsyncDisposableStack();
  const disk = how === 'power' ? stack.use(await openDisk()) : undefined;
  const folder = disk ?? stack.use(await tempFolder(values.folder));
  const other = values['database-elsewhere'] ? stack.use(await tempFolder()) : undefined;
  const evidence =
    mutant === undefined || values.keep !== undefined ? stack.use(await openEvidence(values.keep)) : undefined;
  const planted = mutant === undefined ? undefined : findMutant(mutant);
  say(`seed ${seed}`);
  const over = new AbortController();
  // Ends after the cycle under way, so that no disk stays mounted.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
  const visits: Visits = { reached: new Set(), unreached: [] };
  const { findings, ...figures } = await runCrash({
    cycles: Number(values.cycles),
    seed,
    clients: Number(values.clients),
    folder: folder.path,
    say,
    over: over.signal,
    afterPush: values['after-push'],
    ...(disk && { disk }),
    ...(evidence && { evidence }),
    ...(other && { databaseFolder: other.path }),
    // Whatever else goes to the disk may hide what is not forced to it.
    ...(planted && { planted: afterAnHonestCycle(planted), untilFound: true, conditions: () => ({}) }),
    ...(how === 'failpoint' && (await everyFailpoint(visits))),
  });
  const failpoints = { failpoints: visits.reached.size, unreached: visits.unreached };
  const said = { how, ...(mutant !== undefined && { mutant }), ...(how === 'failpoint' && failpoints) };
  process.stdout.write(`${JSON.stringify({ ...said, ...figures, findings: findings.length })}\n`);
  const never = visits.unreached.filter(({ name }) => !visits.reached.has(name));
  for (const { name } of never) say(`the load has not come to ${name}`);
  const caught = findings.length > 0 || never.length > 0;
  return caught === (mutant !== undefined) ? 0 : 1;
}

/** Why this cannot be done here; `undefined` when it can. */
async function whyNot(how: string): Promise<string | undefined> {
  if (how === 'kill') return undefined;
  if (how === 'power') return whyNoPowerCuts();
  if (how !== 'failpoint') throw new Error(`--how is kill, power or failpoint, not ${how}`);
  return (await failpointsInSource(OTHER_STORES)).length === 0 ? 'the source has no failpoints' : undefined;
}

/** Which failpoints the load came to at any of the hits, and the hits that it did not come to. */
interface Visits {
  readonly reached: Set<string>;
  readonly unreached: { readonly name: string; readonly hit: number }[];
}

/** One cycle for each failpoint and hit. */
async function everyFailpoint({ reached, unreached }: Visits): Promise<Partial<CrashOptions>> {
  const hits = values.hits.split(',').map(Number);
  const names = values.failpoints?.split(',') ?? (await failpointsInSource(OTHER_STORES));
  const points = names.flatMap((name) => hits.map((hit) => ({ name, hit })));
  const at = (cycle: number) => points[cycle - 1] ?? { name: '', hit: 0 };
  return {
    cycles: points.length,
    endsItself: 20_000,
    conditions: (cycle) => conditionsOf(at(cycle).name),
    planted: (cycle) => plantedAt(at(cycle).name, at(cycle).hit),
    onEnd: (cycle, byItself) => {
      if (byItself) reached.add(at(cycle).name);
      else unreached.push(at(cycle));
    },
  };
}

/** Without these the load does not come to the failpoint; those that are not named need nothing. */
function conditionsOf(failpoint: string): Conditions {
  const { undoWindow, referrerExpiry, repairs } = ALL_CONDITIONS;
  if (failpoint === 'restore.done') return { undoWindow };
  if (failpoint === 'referrers.expired') return { referrerExpiry };
  if (failpoint.startsWith('fsck.')) return { repairs };
  return {};
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
