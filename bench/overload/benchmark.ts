/**
 * What becomes of a server that is asked for more than it can do: clients who send one request after the other, first as many
 * as it serves well, then ten times as many, then as many as before. Figures are ratios of one run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBerth } from '../../test/support/berth-process.ts';
import { probeDuring, runLoad, type Timings } from './load.ts';
import { makeKinds } from './requests.ts';

const { values } = parseArgs({
  options: {
    /** A small size that shows that the program works, and nothing else. */
    smoke: { type: 'boolean', default: false },
    clients: { type: 'string', default: '32' },
    times: { type: 'string', default: '10' },
    /** Each of the three phases, after one second that is not counted. */
    seconds: { type: 'string', default: '20' },
    /** The server's; its default when not given. */
    'max-requests': { type: 'string' },
  },
});
const clients = Number(values.clients);
const times = Number(values.times);
const lasting = values.smoke ? 1500 : (Number(values.seconds) + 1) * 1000;

const folder = await mkdtemp(join(tmpdir(), 'berth-overload-'));
try {
  await run();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const bound = values['max-requests'] === undefined ? [] : ['--max-requests', values['max-requests']];
  await using berth = await startBerth(['--data-dir', join(folder, 'data'), '--log-level', 'error', ...bound]);
  const { origin } = berth;
  const kinds = await makeKinds(berth);
  const phase = async (name: string, count: number) => {
    const load = runLoad({ origin, kinds, clients: count, lasting, settling: values.smoke ? 0 : 1000 });
    const { result, probes } = await probeDuring(origin, load);
    tell(`${name}, ${count} clients`, result, probes);
    return result;
  };
  await runLoad({ origin, kinds, clients, lasting: lasting / 4, settling: lasting });
  const nominal = await phase('nominal', clients);
  const over = await phase('overload', clients * times);
  const after = await phase('after', clients);

  const ratios = kinds.map(({ name }) => {
    const [usual = [], loaded = []] = [nominal, over].map(({ served }) => served.get(name));
    return `${name} ${(p99(loaded) / p99(usual)).toFixed(2)}`;
  });
  print(`p99 of what is served, overload to nominal: ${ratios.join(', ')}`);
  print(`served, overload to nominal: ${(over.servedCount / nominal.servedCount).toFixed(2)}`);
  print(`asked, overload to nominal: ${((over.servedCount + over.refused.length) / nominal.servedCount).toFixed(2)}`);
  print(`refused: nominal ${nominal.refused.length}, after ${after.refused.length}`);
}

function tell(phase: string, { served, refused, servedCount }: Timings, probes: readonly number[]): void {
  const each = [...served].map(([name, taken]) => `${name} p50 ${ms(percentile(taken, 0.5))} p99 ${ms(p99(taken))}`);
  const seconds = values.smoke ? 1.5 : lasting / 1000 - 1;
  print(`${phase}: ${(servedCount / seconds).toFixed(0)}/s served: ${each.join(', ')}`);
  if (refused.length > 0) {
    const rate = (refused.length / seconds).toFixed(0);
    print(`  ${rate}/s refused: p50 ${ms(percentile(refused, 0.5))} p99 ${ms(p99(refused))}`);
  }
  print(`  health: p99 ${ms(p99(probes))}`);
}

function p99(numbers: readonly number[]): number {
  return percentile(numbers, 0.99);
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
