import { type SizeReport, shortSize } from './report.ts';

/** What is to be reached, beside what was: one line each. Nothing fails by it: a shared machine is no judge. */
export function compare(reports: readonly SizeReport[]): string[] {
  const of = (contender: string) => reports.filter((report) => report.contender === contender);
  const own = of('berth').toSorted((a, b) => a.size - b.size);
  const [smallest] = own;
  const largest = own.at(-1);
  if (!smallest || !largest) return [];
  const lines = own.map((report) =>
    line(`images deleted a second at ${shortSize(report.size)}, with fsync`, best(report), 'at least', 10_000),
  );
  if (largest !== smallest) {
    for (const order of ['oldest first', 'random'] as const) {
      const name = `rate at ${shortSize(largest.size)} over that at ${shortSize(smallest.size)}, ${order}`;
      lines.push(line(name, best(largest, order) / best(smallest, order), 'at least', 0.8));
    }
    for (const [name, { p50 }] of Object.entries(largest.neighbours ?? {})) {
      const before = Object.entries(smallest.neighbours ?? {}).find(([other]) => other === name)?.[1].p50;
      if (before !== undefined)
        lines.push(
          `p50 of ${name} at ${shortSize(largest.size)} over ${shortSize(smallest.size)}: ${show(p50 / before)}`,
        );
    }
  }
  for (const [contender, least] of [
    ['moto', 2],
    ['docker-registry', 500],
  ] as const) {
    for (const peer of of(contender)) {
      const same = nearest(own, peer.size);
      const name = `rate at ${shortSize(same.size)} over ${contender}'s at ${shortSize(peer.size)}`;
      lines.push(line(name, best(same) / best(peer), 'at least', least));
    }
  }
  for (const { size, beside, peakMemory } of own) {
    if (beside) {
      const { idle, deleting, collecting } = beside;
      for (const [when, busy] of [
        ['deletions', deleting],
        ['collection', collecting],
      ] as const) {
        if (!busy) continue;
        const name = `p99 of pushes beside ${when} over idle at ${shortSize(size)}`;
        lines.push(line(name, busy.pushes.p99 / idle.pushes.p99, 'at most', 2));
      }
      lines.push(line(`failed pushes at ${shortSize(size)}`, beside.failedPushes, 'at most', 0));
    }
    if (peakMemory !== undefined) {
      lines.push(line(`peak resident memory at ${shortSize(size)}, MB`, peakMemory / 1e6, 'at most', 300));
    }
  }
  return lines;
}

/** The higher of the rates with one client and with several: how many ask is the client's choice. */
function best({ phases }: SizeReport, order?: 'oldest first' | 'random'): number {
  const rates = phases.filter((phase) => order === undefined || phase.order === order);
  return Math.max(...rates.map(({ imagesASecond }) => imagesASecond));
}

function nearest(reports: readonly SizeReport[], size: number): SizeReport {
  const distance = (report: SizeReport) => Math.abs(Math.log(report.size / size));
  return reports.reduce((a, b) => (distance(b) < distance(a) ? b : a));
}

function line(name: string, value: number, comparison: 'at least' | 'at most', target: number): string {
  if (Number.isNaN(value)) return `${name}: not measured, too short (${comparison} ${target})`;
  const reached = comparison === 'at least' ? value >= target : value <= target;
  return `${name}: ${show(value)} (${comparison} ${target}: ${reached ? 'reached' : 'NOT reached'})`;
}

function show(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
}
