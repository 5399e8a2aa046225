import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
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
  const generator = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(generator, 'exit').then(([code]) => {
    throw new Error(`The load generator ended with ${code} before it was done`);
  });
  const next = async <T>(): Promise<T> => {
    const [message] = (await Promise.race([once(generator, 'message'), ended])) as [T];
    return message;
  };
  try {
    generator.send(job);
    await next<'ready'>();
    const before = await processorSeconds(pids);
    generator.send('go');
    const done = await next<Done>();
    const computed = (await processorSeconds(pids)) - before;
    return { ...done, rate: done.units / done.seconds, serverShare: computed / done.seconds };
  } finally {
    ended.catch(() => undefined);
    if (generator.connected) generator.disconnect();
    if (generator.exitCode === null && generator.signalCode === null) {
      generator.kill();
      await once(generator, 'exit');
    }
  }
}
