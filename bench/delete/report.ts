import type { Deletions } from './deletions.ts';
import type { Neighbour } from './neighbours.ts';
import type { Phase } from './plan.ts';
import type { Returned } from './space.ts';
import type { Timings } from './timings.ts';
import type { TrafficReport } from './traffic.ts';

/** What was measured of one contender at one size. */
export interface SizeReport {
  readonly contender: string;
  readonly size: number;
  readonly phases: readonly (Pick<Phase, 'order' | 'clients'> & Deletions)[];
  readonly neighbours?: Readonly<Record<Neighbour, Timings>>;
  readonly beside?: Beside;
  readonly space?: Space;
  readonly peakMemory: number | undefined;
}

export interface Beside {
  readonly deletions: Deletions;
  readonly idle: TrafficReport;
  /** What any deletion was going on beside; a push that lasted from before until after belongs here alone. */
  readonly deleting: TrafficReport;
  /** Absent where bytes come back only while the server is stopped. */
  readonly collecting?: TrafficReport;
  /** From first to last. */
  readonly failedPushes: number;
}

export interface Space {
  /** From the last answer to a deletion on. */
  readonly returned: Returned;
  readonly online: boolean;
  readonly bytesOnDisk: number;
  readonly liveBytes: number;
}

export function describe(report: SizeReport): string[] {
  const { contender, size, phases, neighbours, beside, space, peakMemory } = report;
  const lines = phases.map(
    ({ order, clients, ...deletions }) => `${order}, ${plural(clients, 'client')}: ${describeDeletions(deletions)}`,
  );
  if (neighbours) {
    const all = Object.entries(neighbours).map(([name, { p50, p99 }]) => `${name} ${ms(p50)} (p99 ${ms(p99)})`);
    lines.push(`neighbours, p50 in ms: ${all.join(', ')}`);
  }
  if (beside) {
    lines.push(`beside pushes and pulls, 1 client: ${describeDeletions(beside.deletions)}`);
    lines.push(...describeTraffic('idle', beside.idle));
    lines.push(...describeTraffic('deleting', beside.deleting, beside.idle));
    if (beside.collecting) lines.push(...describeTraffic('collecting', beside.collecting, beside.idle));
  }
  if (space) {
    const { seconds, share } = space.returned;
    lines.push(
      `${percent(share)} of the bytes back ${seconds.toFixed(1)} s after the last answer${space.online ? '' : ', the server stopped for that time'}; on disk over live at the end: ${(space.bytesOnDisk / space.liveBytes).toFixed(3)}`,
    );
  }
  if (peakMemory !== undefined) lines.push(`peak resident memory: ${megabytes(peakMemory)} MB`);
  return lines.map((line) => `${contender} ${shortSize(size)}: ${line}`);
}

function describeDeletions({ images, imagesASecond, failed, count, p50, p99, clientShare }: Deletions): string {
  return `${imagesASecond.toFixed(0)} images/s (${images} in ${plural(count, 'call')}; p50 ${ms(p50)} ms, p99 ${ms(p99)} ms; the client busy for ${percent(clientShare)})${failed > 0 ? `; ${failed} NOT deleted` : ''}`;
}

function describeTraffic(when: string, traffic: TrafficReport, idle?: TrafficReport): string[] {
  const one = (name: string, timings: Timings, before: Timings | undefined) =>
    `${name} ${timings.count}, p50 ${ms(timings.p50)} ms${ratio(timings.p50, before?.p50)}, p99 ${ms(timings.p99)} ms${ratio(timings.p99, before?.p99)}`;
  const failed = `failed: ${plural(traffic.failedPushes, 'push', 'pushes')}, ${plural(traffic.failedPulls, 'pull')}`;
  return [
    `  ${when}: ${one('pushes', traffic.pushes, idle?.pushes)}; ${one('their requests', traffic.pushRequests, idle?.pushRequests)}; ${one('pulls', traffic.pulls, idle?.pulls)}; ${failed}`,
    ...(traffic.firstError ? [`  first failure: ${traffic.firstError}`] : []),
  ];
}

export function shortSize(size: number): string {
  if (size % 1_000_000 === 0) return `${size / 1_000_000}M`;
  return size % 1000 === 0 ? `${size / 1000}k` : String(size);
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function ratio(value: number, before: number | undefined): string {
  return before === undefined || !Number.isFinite(value / before) ? '' : ` (x ${(value / before).toFixed(2)})`;
}

function ms(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '-';
  return milliseconds.toFixed(milliseconds < 100 ? 1 : 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
