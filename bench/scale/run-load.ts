import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Installation } from './installation.ts';
import type { Done, Work } from './work.ts';

const PROGRAM = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export interface Measured extends Done {
  /** Units a second. */
  readonly rate: number;
  /** What each part computed meanwhile, of the time on one processor. */
  readonly shares: Readonly<Record<string, number>>;
}

/** Has one load generator do the work against all servers of the installation. */
export async function runLoad(installation: Installation, connections: number, work: Work): Promise<Measured> {
  const generator = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(generator, 'exit').then(([code]) => {
    throw new Error(`The load generator ended with ${code} before it was done`);
  });
  const next = async <T>(): Promise<T> => {
    const [message] = (await Promise.race([once(generator, 'message'), ended])) as [T];
    return message;
  };
  try {
    generator.send({ origins: installation.origins, connections, work });
    await next<'ready'>();
    const before = await installation.computed();
    generator.send('go');
    const done = await next<Done>();
    const after = await installation.computed();
    const shares = Object.fromEntries(
      Object.entries(after).map(([part, seconds]) => [part, (seconds - (before[part] ?? 0)) / done.seconds]),
    );
    return { ...done, rate: done.units / done.seconds, shares: { ...shares, load: done.computed / done.seconds } };
  } finally {
    ended.catch(() => undefined);
    if (generator.exitCode === null && generator.signalCode === null) {
      generator.kill();
      await once(generator, 'exit');
    }
  }
}
