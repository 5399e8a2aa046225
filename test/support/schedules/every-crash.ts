import type { Ports } from '../../../src/registry/ports.ts';
import type { Stores, StoresOptions } from '../stores.ts';
import { TestClock } from '../test-clock.ts';
import type { Copy } from './copy.ts';
import { Lab } from './lab.ts';

/** What goes on when the process dies, and what must be so when it has come back. */
export interface CrashScenario<Memory> {
  readonly prepare: (stores: Stores) => Promise<void>;
  readonly act: (ports: Ports) => Promise<void>;
  /** What the rest of the world knows, at the instant of the crash. */
  readonly memory: () => Memory;
  readonly reopened: (stores: Stores, memory: Memory) => Promise<void>;
}

/**
 * Stops a process for ever between any two of its steps: takes a copy of its stores there, as a killed process leaves them, and
 * opens that. Where nothing has changed in them and nobody knows more, it is the same crash. Answers how many differ.
 */
export async function everyCrash<Memory>(
  title: string,
  options: Pick<StoresOptions, 'retention'>,
  { prepare, act, memory, reopened }: CrashScenario<Memory>,
): Promise<number> {
  const clock = new TestClock();
  await using lab = await Lab.prepare({ ...options, clock }, prepare);
  await using copies = new AsyncDisposableStack();
  const places: { readonly after: string; readonly state: string; readonly copy: Copy; readonly memory: Memory }[] = [];
  const ran = await lab.run(() => [(ports) => act(ports)], {
    choose: ([party]) => party,
    onStep: async ({ label }) => {
      const state = `${await lab.state()} ${JSON.stringify(memory())}`;
      if (places.at(-1)?.state === state) return;
      const copy = copies.use(await lab.copy());
      places.push({ after: label, state, copy, memory: memory() });
    },
  });
  const [outcome] = ran?.outcomes ?? [];
  if (outcome instanceof Error) throw outcome;
  const hour = clock.now();
  for (const place of places) {
    await using stores = await place.copy.open({ ...options, clock: new TestClock(hour) });
    try {
      await reopened(stores, place.memory);
    } catch (error) {
      if (error instanceof Error) error.message += `\nafter a crash in '${title}' after '${place.after}'`;
      throw error;
    }
  }
  process.stdout.write(`${title}: ${places.length} places to crash at\n`);
  return places.length;
}
