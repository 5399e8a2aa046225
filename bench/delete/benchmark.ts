/**
 * BatchDeleteImage in repositories of several sizes, what goes on beside it, and the bytes that come back; beside moto's
 * server and docker-registry, in one run. `--smoke` is tiny: it shows that the benchmark works, and nothing about speed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Circumstances, measureBerth } from './berth.ts';
import { measureDockerRegistry } from './docker-registry.ts';
import { measureMoto } from './moto.ts';
import { describe, type SizeReport } from './report.ts';
import { compare } from './targets.ts';

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    peers: { type: 'boolean', default: true },
    beside: { type: 'string', default: '20k' },
    patience: { type: 'string', default: '300' },
    folder: { type: 'string', default: tmpdir() },
  },
  allowNegative: true,
});
const sizes = (values.sizes ?? (values.smoke ? '100,200' : '1k,10k,100k')).split(',').map(parseSize);
const folder = await mkdtemp(join(values.folder, 'berth-bench-'));
const circumstances: Circumstances = {
  folder,
  smoke: values.smoke,
  space: values.smoke ? 100 : parseSize(values.beside),
  patience: values.smoke ? 10 : Number(values.patience),
  say: print,
};
const reports: SizeReport[] = [];
try {
  if (values.peers) {
    await measure(() => measureMoto(values.smoke ? 100 : 1000, circumstances), 'moto_server is not installed: skipped');
    for (const size of values.smoke ? [100] : [1000, 8000]) {
      await measure(() => measureDockerRegistry(size, circumstances), 'docker-registry is not installed: skipped');
    }
  }
  for (const size of sizes) await measure(() => measureBerth(size, circumstances));
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (reports.some(({ contender }) => contender === 'moto')) {
  print('moto keeps everything in memory and nothing on disk: its answers promise less');
}
for (const line of compare(reports)) print(line);

async function measure(work: () => Promise<SizeReport | undefined>, absent = ''): Promise<void> {
  const report = await work();
  if (report) reports.push(report);
  for (const line of report ? describe(report) : [absent]) print(line);
}

function parseSize(text: string): number {
  const [, digits, unit] = /^([1-9]\d*)([kM]?)$/.exec(text) ?? [];
  const size = Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1000 : 1);
  if (!Number.isSafeInteger(size) || size < 100)
    throw new Error(`${text} is no size: 100 or more, such as 1k, 10k or 1M`);
  return size;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
