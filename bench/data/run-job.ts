import { fileURLToPath } from 'node:url';
import { runGenerator } from '../run-generator.ts';
import { processorSeconds } from './process-state.ts';
import type { Done, Job } from './work.ts';

const PROGRAM = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export interface Measured extends Done {
  readonly rate: number;
  /** What the server's processes computed meanwhile, of the time on one processor. */
  readonly serverShare: number;
}

/** Has one load generator do the job against the server, which is these processes. */
export async function runJob(job: Job, pids: readonly number[]): Promise<Measured> {
  return runGenerator<Done, Measured>(PROGRAM, job, async (go) => {
    const before = await processorSeconds(pids);
    const done = await go();
    const computed = (await processorSeconds(pids)) - before;
    return { ...done, rate: done.units / done.seconds, serverShare: computed / done.seconds };
  });
}
