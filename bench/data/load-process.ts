/**
 * A load generator, in a process of its own: gets a job, makes itself ready and says so, begins when it is told to, and
 * answers what it did.
 */
import { once } from 'node:events';
import { Connection } from './connection.ts';
import { prepare } from './tasks.ts';
import type { Done, Job } from './work.ts';

const [job] = (await once(process, 'message')) as [Job];
const { origin, authorization, connections, work } = job;
const task = await prepare(work, () => Connection.open(origin, authorization));
// Not before: a server may close connections that it hears nothing from, and making blobs takes seconds.
const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(origin, authorization)));
process.send?.('ready');
await once(process, 'message');

const cpu = process.cpuUsage();
const started = performance.now();
const end = 'seconds' in work ? started + work.seconds * 1000 : Number.POSITIVE_INFINITY;
const units = await Promise.all(opened.map((connection) => task.run(connection, () => performance.now() >= end)));
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
for (const connection of opened) connection[Symbol.dispose]();
const done: Done = {
  units: units.reduce((sum, count) => sum + count, 0),
  seconds,
  clientShare: (user + system) / 1e6 / seconds,
  digests: task.digests,
};
process.send?.(done);
process.disconnect();
