/**
 * How much memory streams cost: one large push and pull, many at once, and readers who hardly read. Ends with 1 when a bound
 * is exceeded. The sizes below are those that the bounds are meant for; `--smoke` is a small size.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureMemory, type Sizes } from './measure.ts';
import { whyNoResident } from './resident.ts';

const MIB = 1024 * 1024;
const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    /** MiB. */
    layer: { type: 'string', default: '10240' },
    streams: { type: 'string', default: '50' },
    /** MiB of each of the many layers. */
    'stream-layer': { type: 'string', default: '1024' },
    readers: { type: 'string', default: '500' },
    /** Seconds. */
    'read-for': { type: 'string', default: '30' },
    /** Where the data folder is made. */
    folder: { type: 'string', default: tmpdir() },
  },
});
const SMOKE: Sizes = { layer: 256 * MIB, streams: 10, streamLayer: 32 * MIB, readers: 50, readFor: 3000 };
process.exitCode = await main();

async function main(): Promise<number> {
  const why = await whyNoResident();
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return 0;
  }
  const folder = await mkdtemp(join(values.folder, 'berth-memory-'));
  try {
    let exceeded = 0;
    for await (const { what, memory, bound, rate } of measureMemory(folder, values.smoke ? SMOKE : given())) {
      const speed = rate === undefined ? '' : `, ${mib(rate)} MiB/s`;
      process.stdout.write(`${what}: +${mib(memory)} MiB of ${mib(bound)}${speed}\n`);
      if (memory > bound) exceeded += 1;
    }
    return exceeded === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function given(): Sizes {
  return {
    layer: Number(values.layer) * MIB,
    streams: Number(values.streams),
    streamLayer: Number(values['stream-layer']) * MIB,
    readers: Number(values.readers),
    readFor: Number(values['read-for']) * 1000,
  };
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
