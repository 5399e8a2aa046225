import { fileURLToPath } from 'node:url';
import { runGenerator } from '../run-generator.ts';
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
  const { origins } = installation;
  return runGenerator<Done, Measured>(PROGRAM, { origins, connections, work }, async (go) => {
    const before = await installation.computed();
    const done = await go();
    const after = await installation.computed();
    const shares = Object.fromEntries(
      Object.entries(after).map(([part, seconds]) => [part, (seconds - (before[part] ?? 0)) / done.seconds]),
    );
    return { ...done, rate: done.units / done.seconds, shares: { ...shares, load: done.computed / done.seconds } };
  });
}
