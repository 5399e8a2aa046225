import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { residentBytes } from './process-state.ts';

export interface ColdStart {
  /** Milliseconds from starting the program until it answers, of each start. */
  readonly times: readonly number[];
  /** Bytes resident when nothing has been asked of it but whether it is there. */
  readonly idleBytes: number;
}

/** Starts it again and again over what is there, one after the other. */
export async function coldStart(contender: Contender, folder: string, starts: number): Promise<ColdStart | undefined> {
  const times: number[] = [];
  let idleBytes = 0;
  for (let start = 0; start < starts; start++) {
    const begun = performance.now();
    const started = await contender.start(folder);
    if (!started) return undefined;
    await using server = started;
    times.push(performance.now() - begun);
    // Of the last one: a first start may leave something behind for those after it.
    if (start < starts - 1) continue;
    await sleep(2000);
    idleBytes = await residentBytes(server.pids);
  }
  return { times, idleBytes };
}
