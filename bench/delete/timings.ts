import { each } from '../contender.ts';

/** How long calls took, in milliseconds. */
export interface Timings {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export function timingsOf(durations: readonly number[]): Timings {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}

export interface Timed<R> extends Timings {
  /** From the first call to the last answer. */
  readonly seconds: number;
  /** What the client itself computed meanwhile, of `seconds` on one processor. */
  readonly clientShare: number;
  readonly answers: readonly R[];
}

/** Makes every call, `clients` at a time, and stops beginning new ones when `until` says so. */
export async function time<T, R>(
  calls: readonly T[],
  clients: number,
  make: (call: T) => Promise<R>,
  until: () => boolean = () => false,
): Promise<Timed<R>> {
  const durations: number[] = [];
  const answers: R[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  await each(calls, clients, async (call) => {
    if (until()) return;
    const begun = performance.now();
    answers.push(await make(call));
    durations.push(performance.now() - begun);
  });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { ...timingsOf(durations), seconds, clientShare: (user + system) / 1e6 / seconds, answers };
}
