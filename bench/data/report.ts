import type { ColdStart } from './cold-start.ts';
import { MEASURES, type Measure, unitOf } from './measures.ts';
import type { Measured } from './run-job.ts';

/** What was measured of one contender. */
export interface Report {
  readonly contender: string;
  readonly rounds: ReadonlyMap<Measure, Measured>[];
  coldStart: ColdStart | undefined;
  /** Bytes resident after everything, when nothing was going on any more. */
  restingBytes: number | undefined;
}

export function medianRate({ rounds }: Report, measure: Measure): number {
  return median(rounds.flatMap((round) => round.get(measure)?.rate ?? []));
}

export function medianStart({ coldStart }: Report): number {
  return median(coldStart?.times ?? []);
}

export function describe(report: Report): string[] {
  const lines: string[] = [];
  for (const measure of MEASURES) {
    const all = report.rounds.flatMap((round) => round.get(measure) ?? []);
    if (all.length === 0) continue;
    const { name, of } = unitOf(measure);
    const rates = all.map(({ rate }) => rate / of);
    const each = all.map((one) => (one.serverShare / one.rate) * of * 1e6);
    const shares = `server ${show(median(each))} µs of processor ${name === 'MB/s' ? 'a MB' : 'each'}, busy for ${percent(median(all.map((one) => one.serverShare)))}, client for ${percent(median(all.map((one) => one.clientShare)))}`;
    lines.push(
      `${measure}: ${show(median(rates))} ${name} (${show(Math.min(...rates))} to ${show(Math.max(...rates))}; ${shares} of a processor)`,
    );
  }
  const { coldStart, restingBytes } = report;
  if (coldStart) {
    const times = coldStart.times.map((time) => time.toFixed(0)).join(', ');
    lines.push(`answers ${medianStart(report).toFixed(0)} ms after its start (${times})`);
    lines.push(`resident memory: ${megabytes(coldStart.idleBytes)} MB after a start`);
  }
  if (restingBytes !== undefined) lines.push(`resident memory: ${megabytes(restingBytes)} MB at rest after everything`);
  return lines.map((line) => `${report.contender}: ${line}`);
}

export function show(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
