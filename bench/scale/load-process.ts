/**
 * A load generator, in a process of its own: gets a job, makes itself ready and says so, begins when it is told to, and
 * answers what it did.
 */
import { once } from 'node:events';
import { Connection } from '../data/connection.ts';
import { timingsOf } from '../delete/timings.ts';
import { prepareCalls } from './make-calls.ts';
import { preparePulls } from './pull-images.ts';
import type { Done, Job } from './work.ts';

const [job] = (await once(process, 'message')) as [Job];
const { origins, work } = job;
const task = work.kind === 'calls' ? prepareCalls(work, origins) : preparePulls(work);
const opened = await Promise.all(
  Array.from({ length: job.connections }, async (_, number) => {
    const server = number % origins.length;
    return { server, connection: await Connection.open(origins[server] ?? '', undefined) };
  }),
);
process.send?.('ready');
await once(process, 'message');

const durations: number[] = [];
const cpu = process.cpuUsage();
const started = performance.now();
const end = work.seconds === undefined ? Number.POSITIVE_INFINITY : started + work.seconds * 1000;
await Promise.all(
  opened.map(async ({ connection, server }) => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      if (!(await task.next(connection, server))) return;
      durations.push(performance.now() - begun);
    }
  }),
);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
const kept = task.finish();
for (const { connection } of opened) connection[Symbol.dispose]();
const { count, p50, p99 } = timingsOf(durations);
const done: Done = { units: count, seconds, computed: (user + system) / 1e6, p50, p99, kept };
process.send?.(done, () => process.disconnect());
