import type { Measure } from './measures.ts';
import { medianRate, medianStart, type Report } from './report.ts';

/** As ratios to the best of the others in the run; the first figure is for Berth itself, the second for Berth behind a front server. */
const RATIOS: readonly (readonly [Measure, own: number, fronted?: number])[] = [
  ['images pushed', 4],
  ['manifests read (GET)', 2],
  ['manifests looked at (HEAD)', 2],
  ['tag lists', 3],
  ['blobs pushed, 1 stream', 1],
  ['blobs pushed, 4 streams', 1],
  ['blobs pulled, 1 stream', 0.8, 1],
  ['blobs pulled, 4 streams', 0.8, 1],
];
const START_MS = 500;
const IDLE_MB = 120;

export const OWN = 'berth';
export const FRONTED = 'berth behind nginx';

/** What is to be reached, beside what was: one line each. Nothing fails by it: a shared machine is no judge. */
export function compare(reports: readonly Report[]): string[] {
  const own = reports.find(({ contender }) => contender === OWN);
  const fronted = reports.find(({ contender }) => contender === FRONTED);
  const peers = reports.filter((report) => report !== own && report !== fronted);
  const lines: string[] = [];
  for (const [measure, least, leastFronted] of RATIOS) {
    const best = bestOf(peers, measure);
    if (!best) continue;
    if (own)
      lines.push(atLeast(`${measure}, ${OWN} over ${best.contender}`, medianRate(own, measure) / best.rate, least));
    if (fronted && leastFronted !== undefined) {
      const ratio = medianRate(fronted, measure) / best.rate;
      lines.push(atLeast(`${measure}, ${FRONTED} over ${best.contender}`, ratio, leastFronted));
    }
  }
  if (own?.coldStart) {
    lines.push(atMost('ready after a cold start, ms', medianStart(own), START_MS));
    lines.push(atMost('idle memory, MB', own.coldStart.idleBytes / 1e6, IDLE_MB));
  }
  return lines;
}

function bestOf(peers: readonly Report[], measure: Measure) {
  const rates = peers.map((peer) => ({ contender: peer.contender, rate: medianRate(peer, measure) }));
  return rates.filter(({ rate }) => !Number.isNaN(rate)).toSorted((a, b) => b.rate - a.rate)[0];
}

function atLeast(name: string, value: number, target: number): string {
  return `${name}: ${value.toFixed(2)} (at least ${target}: ${verdict(value, value >= target)})`;
}

function atMost(name: string, value: number, target: number): string {
  return `${name}: ${value.toFixed(0)} (at most ${target}: ${verdict(value, value <= target)})`;
}

function verdict(value: number, reached: boolean): string {
  if (Number.isNaN(value)) return 'not measured';
  return reached ? 'reached' : 'NOT reached';
}
