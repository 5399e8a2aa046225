/**
 * The soak as a program: `node test/faults/soak.ts --seconds 180`. Prints its figures as one line of JSON and ends with 1
 * when it found anything.
 */
import { parseArgs } from 'node:util';
import { tempFolder } from '../support/temp-folder.ts';
import { runSoak } from './run-soak.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    operations: { type: 'string' },
    seed: { type: 'string', default: String(Date.now()) },
    clients: { type: 'string', default: '12' },
    /** Where the data folder is made; the system's folder for temporary files without it. */
    folder: { type: 'string' },
    /** Prints how often what was done as well. */
    counts: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);
say(`seed ${values.seed}`);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
await using folder = await tempFolder(values.folder);
const { findings, counts, ...figures } = await runSoak({
  seconds: Number(values.seconds ?? (values.operations === undefined ? 180 : Number.POSITIVE_INFINITY)),
  operations: Number(values.operations ?? Number.POSITIVE_INFINITY),
  seed: values.seed,
  clients: Number(values.clients),
  signal: stopped.signal,
  folder: folder.path,
  say,
});
const seconds = Math.round(figures.seconds);
process.stdout.write(
  `${JSON.stringify({ ...figures, seconds, findings: findings.length, ...(values.counts && { counts }) })}\n`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
