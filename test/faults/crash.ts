/**
 * Crashes as a program: `node test/faults/crash.ts --how power --cycles 200`. Prints its figures as one line of JSON and
 * ends with 1 when it found anything; with `--mutant`, when it found nothing.
 */
import { parseArgs } from 'node:util';
import { tempFolder } from '../support/temp-folder.ts';
import { findMutant } from './mutants/mutants.ts';
import { openDisk, whyNoPowerCuts } from './power-cut.ts';
import { runCrash } from './run-crash.ts';

const { values } = parseArgs({
  options: {
    how: { type: 'string', default: 'kill' },
    cycles: { type: 'string', default: '25' },
    seed: { type: 'string', default: String(Date.now()) },
    clients: { type: 'string', default: '8' },
    /** Where the data folder is made; for power cuts, it is on a disk of its own. */
    folder: { type: 'string' },
    /** Ends the server the moment a push is acknowledged, rather than at any time. */
    'after-push': { type: 'boolean', default: false },
    /** Has the database on another file system than the blobs. */
    'database-elsewhere': { type: 'boolean', default: false },
    /** A fault to plant in the server; the run ends when it is caught. */
    mutant: { type: 'string' },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const { how, seed, mutant } = values;
  if (how !== 'kill' && how !== 'power') throw new Error(`--how is kill or power, not ${how}`);
  const why = how === 'power' ? await whyNoPowerCuts() : undefined;
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return 0;
  }
  const say = (line: string) => process.stderr.write(`${line}\n`);
  say(`seed ${seed}`);
  await using stack = new AsyncDisposableStack();
  const disk = how === 'power' ? stack.use(await openDisk()) : undefined;
  const folder = disk ?? stack.use(await tempFolder(values.folder));
  const other = values['database-elsewhere'] ? stack.use(await tempFolder()) : undefined;
  const planted = mutant === undefined ? undefined : findMutant(mutant);
  const { findings, ...figures } = await runCrash({
    cycles: Number(values.cycles),
    seed,
    clients: Number(values.clients),
    folder: folder.path,
    say,
    afterPush: values['after-push'],
    ...(disk && { disk }),
    ...(other && { databaseFolder: other.path }),
    ...(planted && { planted: () => ({ preload: planted }), untilFound: true }),
  });
  process.stdout.write(
    `${JSON.stringify({ how, ...(mutant !== undefined && { mutant }), ...figures, findings: findings.length })}\n`,
  );
  return findings.length > 0 === (mutant !== undefined) ? 0 : 1;
}
