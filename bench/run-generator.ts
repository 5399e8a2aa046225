import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a load generator in a process of its own, which is told `job`, says that it is ready, and works when it is told to go.
 * `measure` does that, and answers what came of it; then the process ends.
 */
export async function runGenerator<Done, T>(
  program: string | URL,
  job: object,
  measure: (go: () => Promise<Done>) => Promise<T>,
): Promise<T> {
  const generator = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(generator, 'exit').then(([code]) => {
    throw new Error(`The load generator ended with ${code} before it was done`);
  });
  const next = async <M>(): Promise<M> => {
    const [message] = (await Promise.race([once(generator, 'message'), ended])) as [M];
    return message;
  };
  try {
    generator.send(job);
    await next<'ready'>();
    return await measure(() => {
      generator.send('go');
      return next<Done>();
    });
  } finally {
    ended.catch(() => undefined);
    if (generator.connected) generator.disconnect();
    if (generator.exitCode === null && generator.signalCode === null) {
      generator.kill();
      await once(generator, 'exit');
    }
  }
}
