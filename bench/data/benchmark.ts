/**
 * The data plane: pushes of small images, manifests, tag lists, blobs in both directions, starts and memory; Berth beside
 * other registries, in turns and in one run, as ratios. `--smoke` is tiny: it shows that the benchmark works, and nothing
 * about speed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { settleDisk } from '../settle-disk.ts';
import { berth } from './berth.ts';
import { coldStart } from './cold-start.ts';
import type { Contender, Running } from './contender.ts';
import { distribution, dockerRegistry } from './distribution.ts';
import { fronted } from './fronted.ts';
import { MEASURES, measureRound, SIZE, SMOKE, unitOf } from './measures.ts';
import { residentBytes } from './process-state.ts';
import { describe, type Report, show } from './report.ts';
import { compare, FRONTED, OWN } from './targets.ts';
import { zot } from './zot.ts';

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: true },
    rounds: { type: 'string' },
    images: { type: 'string' },
    only: { type: 'string', default: '' },
    contenders: { type: 'string' },
    programs: { type: 'string', default: fileURLToPath(new URL('../../.bench/bin', import.meta.url)) },
    folder: { type: 'string', default: tmpdir() },
  },
  allowNegative: true,
});
const size = values.smoke ? SMOKE : { ...SIZE, ...(values.images !== undefined && { images: Number(values.images) }) };
const rounds = Number(values.rounds ?? (values.smoke ? 1 : 5));
const wanted = (measure: string) => measure.includes(values.only);
const program = (name: string) => join(values.programs, name);

const OTHERS = [
  dockerRegistry,
  distribution(program('distribution')),
  zot(program('zot'), { commit: false }),
  zot(program('zot'), { commit: true }),
];
const all = [berth, fronted, ...(values.peers ? OTHERS : [])];
const names = values.contenders?.split(',');
const contenders = all.filter(({ name }) => names === undefined || names.includes(name));

const folder = await mkdtemp(join(values.folder, 'berth-bench-'));
try {
  await run();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const { images, clients, seconds, blobBytes } = size;
  print(
    `${rounds} rounds after one that does not count; ${images} images of a config and two layers of 4 KiB, ${clients} clients; reads of ${seconds} s; blobs of ${blobBytes / 1024 / 1024} MiB; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const reports = new Map<Contender, Report>();
  for (const contender of contenders) {
    const measured = await coldStart(contender, folderOf(contender), values.smoke ? 1 : 5);
    if (!measured) print(`${contender.name} is not installed: left out`);
    else {
      print(`${contender.name}: forces to the disk: ${contender.forces}`);
      reports.set(contender, { contender: contender.name, rounds: [], coldStart: measured, restingBytes: undefined });
    }
  }
  await using servers = new AsyncDisposableStack();
  const running: { readonly server: Running; readonly report: Report }[] = [];
  for (const [contender, report] of reports) {
    const server = await contender.start(folderOf(contender));
    if (server) running.push({ server: servers.use(server), report });
  }
  for (let round = 0; round <= rounds; round++) {
    // Each begins once.
    const turn = running
      .map((_, position) => running[(position + round) % running.length])
      .filter((one) => one !== undefined);
    for (const { server, report } of turn) {
      await settleDisk();
      const measured = await measureRound(server, `bench/round-${round}`, size, wanted);
      if (round > 0) report.rounds.push(measured);
      const rates = MEASURES.flatMap((measure) => {
        const one = measured.get(measure);
        const { name, of } = unitOf(measure);
        return one ? [`${measure} ${show(one.rate / of)} ${name}`] : [];
      });
      print(`${round > 0 ? `round ${round}` : 'warming up'}, ${report.contender}: ${rates.join('; ')}`);
    }
  }
  if (!values.smoke) await sleep(5000);
  for (const { server, report } of running) report.restingBytes = await residentBytes(server.pids);
  for (const { report } of running) for (const line of describe(report)) print(line);
  print(`load average ${loadavg()[0]?.toFixed(1)}`);
  if (running.some(({ report }) => ![OWN, FRONTED].includes(report.contender))) {
    print(
      'The others cannot be told to force as much as Berth does, nor Berth to force as little: pushes promise different things',
    );
  }
  for (const line of compare(running.map(({ report }) => report))) print(line);
}

function folderOf({ name }: Contender): string {
  return join(folder, name.replaceAll(' ', '-'));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
