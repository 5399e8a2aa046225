/**
 * Several processes over PostgreSQL and S3, hurt under load: `node test/faults/scaled.ts --how all --seconds 300`. Prints its
 * figures as one line of JSON and ends with 1 when it found anything; with `--mutant`, when it found nothing.
 */
import { parseArgs } from 'node:util';
import { HOWS, type How } from './scaled/blows.ts';
import { keepStory } from './scaled/keep-story.ts';
import { mutantOf } from './scaled/mutants/mutants.ts';
import { runScaled } from './scaled/run-scaled.ts';
import { whyNoCluster } from './scaled/why-no-cluster.ts';

const { values } = parseArgs({
  options: {
    /** No new cycle begins after so long. */
    seconds: { type: 'string', default: '180' },
    cycles: { type: 'string' },
    /** One of the blows, `all` for each cycle one of them, `nothing` for load alone. */
    how: { type: 'string', default: 'all' },
    processes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now()) },
    clients: { type: 'string', default: '8' },
    /** How long a process is stopped, in seconds. */
    pause: { type: 'string', default: '30' },
    /** Where folders are made; the system's folder for temporary files without it. */
    folder: { type: 'string' },
    /** The folder in which to keep the story of a finding; the system's own for temporary files when not given. */
    keep: { type: 'string' },
    /** A fault to plant in one of the processes; the run ends when it is caught. */
    mutant: { type: 'string' },
    /** Prints how often what was done as well. */
    counts: { type: 'boolean', default: false },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const { seed, mutant, folder } = values;
  const why = whyNoCluster();
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return 0;
  }
  say(`seed ${seed}`);
  const over = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
  const { findings, journal, ...figures } = await runScaled({
    how: howOf(values.how),
    seconds: Number(values.seconds),
    processes: Number(values.processes),
    seed,
    clients: Number(values.clients),
    pause: Number(values.pause) * 1000,
    over: over.signal,
    untilFound: true,
    say,
    ...(values.cycles !== undefined && { cycles: Number(values.cycles) }),
    ...(folder !== undefined && { folder }),
    ...(mutant !== undefined && { planted: mutantOf(mutant) }),
  });
  if (findings.length > 0 && mutant === undefined) {
    say(`what led to it is in ${await keepStory({ seed, findings }, journal, values.keep)}`);
  }
  const said = { how: values.how, ...(mutant !== undefined && { mutant }), ...figures, findings: findings.length };
  process.stdout.write(`${JSON.stringify({ ...said, ...(values.counts && { counts: journal.counts }) })}\n`);
  return findings.length > 0 === (mutant !== undefined) ? 0 : 1;
}

function howOf(text: string): How | 'all' | 'nothing' {
  const how = [...HOWS, 'all' as const, 'nothing' as const].find((known) => known === text);
  if (!how) throw new Error(`--how is one of ${HOWS.join(', ')}, all or nothing, not ${text}`);
  return how;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
