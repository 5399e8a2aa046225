/**
 * What several processes do over one PostgreSQL and one S3, beside one process on its own folder: in turns, in one run, as ratios;
 * and one of them beside Amazon's quotas for an account. Everything is on this one machine, the load as well. `--smoke` is tiny: it
 * shows that the benchmark works, and nothing about speed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { show } from '../data/report.ts';
import { settleDisk } from '../settle-disk.ts';
import { type Installation, startEmbedded, startServices, startShared, whyNoServices } from './installation.ts';
import { MEASURES, measureRound, type Size } from './measure-round.ts';
import { againstQuotas, asRatios, describe, nounOf, type Report } from './report.ts';

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    processes: { type: 'string' },
    rounds: { type: 'string' },
    uploads: { type: 'string', default: '4000' },
    clients: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const size: Size = values.smoke
  ? { uploads: 40, clients: 4, seconds: 0.2 }
  : { uploads: Number(values.uploads), clients: Number(values.clients), seconds: Number(values.seconds) };
const warmUp: Size = { ...size, uploads: Math.ceil(size.uploads / 8), seconds: size.seconds / 2 };
const rounds = Number(values.rounds ?? (values.smoke ? 1 : 3));
const counts = (values.processes ?? (values.smoke ? '1,2' : '1,2,4')).split(',').map(Number);

const missing = whyNoServices();
if (missing !== undefined) print(`Skipped: ${missing}`);
else {
  const folder = await mkdtemp(join(values.folder, 'berth-bench-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(folder: string): Promise<void> {
  const { uploads, clients, seconds } = size;
  print(
    `${rounds} rounds${values.smoke ? '' : ' after one that does not count'}; ${uploads} uploads of 4 KiB and ${2 * uploads} images a round, ${clients} clients in all, reads of ${seconds} s; ${cpus().length} processors; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  await using services = await startServices(values.folder);
  await using starting = new AsyncDisposableStack();
  const running: { readonly installation: Installation; readonly report: Report }[] = [];
  const add = (installation: Installation) => {
    running.push({ installation: starting.use(installation), report: { installation: installation.name, rounds: [] } });
  };
  add(await startEmbedded(folder));
  for (const count of counts) add(await startShared(services, count));

  for (let round = values.smoke ? 1 : 0; round <= rounds; round++) {
    // Each begins once.
    for (const turn of running.keys()) {
      const one = running[(turn + round) % running.length];
      if (one === undefined) continue;
      await settleDisk();
      const measured = await measureRound(one.installation, `round-${round}`, round === 0 ? warmUp : size);
      if (round > 0) one.report.rounds.push(measured);
      const rates = MEASURES.map((measure) => `${nounOf(measure)} ${show(measured.get(measure)?.rate ?? Number.NaN)}`);
      print(`${round > 0 ? `round ${round}` : 'warming up'}, ${one.report.installation}: ${rates.join('; ')}`);
    }
  }
  const reports = running.map(({ report }) => report);
  for (const report of reports) for (const line of describe(report)) print(line);
  const [embedded, single] = reports;
  if (single) for (const line of [...againstQuotas(single), ...asRatios(reports, single)]) print(line);
  if (embedded) for (const line of asRatios(reports, embedded)) print(line);
  print(`load average ${loadavg()[0]?.toFixed(1)}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
