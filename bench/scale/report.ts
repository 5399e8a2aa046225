import { show } from '../data/report.ts';
import { MEASURES, type Measure } from './measure-round.ts';
import type { Measured } from './run-load.ts';

/** What was measured of one installation, round by round. */
export interface Report {
  readonly installation: string;
  readonly rounds: ReadonlyMap<Measure, Measured>[];
}

/** ECR's default quotas for an account in a region: calls a second. */
const QUOTAS: Partial<Record<Measure, number>> = {
  BatchGetImage: 2000,
  GetDownloadUrlForLayer: 3000,
  BatchCheckLayerAvailability: 1000,
  UploadLayerPart: 500,
  GetAuthorizationToken: 500,
  InitiateLayerUpload: 100,
  CompleteLayerUpload: 100,
  PutImage: 10,
};

/** What there is one number for, whatever the number of processes: the measures that are told as ratios. */
const SCALING: readonly Measure[] = ['BatchDeleteImage', 'PutImage', 'BatchGetImage', 'pulls'];

/** A line a measure: the rate, how long one takes, and what each part computed for it. */
export function describe({ installation, rounds }: Report): string[] {
  return MEASURES.map((measure) => {
    const all = rounds.flatMap((round) => round.get(measure) ?? []);
    const rates = all.map(({ rate }) => rate);
    const parts = Object.keys(all[0]?.shares ?? {}).map((part) => {
      const share = median(all.map(({ shares }) => shares[part] ?? 0));
      const each = median(all.map(({ shares, rate }) => ((shares[part] ?? 0) / rate) * 1e6));
      return `${part} ${show(each)} µs (${(share * 100).toFixed(0)} %)`;
    });
    const took = `p50 ${show(median(all.map(({ p50 }) => p50)))} ms, p99 ${show(median(all.map(({ p99 }) => p99)))} ms`;
    const range = `${show(Math.min(...rates))} to ${show(Math.max(...rates))}`;
    return `${installation}: ${nounOf(measure)} ${show(median(rates))} a second (${range}); ${took}; of processors, each: ${parts.join(', ')}`;
  });
}

/** What one process of an installation does, against what Amazon lets an account do. */
export function againstQuotas(report: Report): string[] {
  return Object.entries(QUOTAS).map(([measure, quota]) => {
    const ratio = rateOf(report, measure as Measure) / quota;
    return `${report.installation}: ${measure} over the quota of ${quota} a second: ${ratio.toFixed(2)}, ${ratio > 1 ? 'above' : 'NOT above'}`;
  });
}

/** The same things done by one installation and by another. */
export function asRatios(reports: readonly Report[], base: Report): string[] {
  return SCALING.map((measure) => {
    const ratios = reports
      .filter((report) => report !== base)
      .map((report) => `${report.installation} ${(rateOf(report, measure) / rateOf(base, measure)).toFixed(2)}`);
    return `${nounOf(measure)}, as ratios to ${base.installation}: ${ratios.join('; ')}`;
  });
}

export function nounOf(measure: Measure): string {
  if (measure === 'BatchDeleteImage') return 'images deleted (BatchDeleteImage, 100 a call)';
  return measure === 'pulls' ? 'images pulled (manifest, config, two layers)' : measure;
}

function rateOf({ rounds }: Report, measure: Measure): number {
  return median(rounds.flatMap((round) => round.get(measure)?.rate ?? []));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
