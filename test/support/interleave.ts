import fc from 'fast-check';
import type { Ports } from '../../src/registry/ports.ts';
import { samples } from './scaled/environment.ts';
import { openStores, type Stores, type StoresOptions } from './stores.ts';

/** One of several requests or workers that go on at the same time. */
export type Party = (ports: Ports) => Promise<unknown>;

/**
 * Lets parties go on at once, one step at a time: a step is one call of a port, that is a view, a transaction, a write or
 * an erasure of bytes, and the next one begins when it has ended. `choices` say who takes each step.
 */
class Schedule {
  readonly #choices: readonly number[];
  #waiting: (() => void)[] = [];
  #running: number;
  #taken = 0;

  constructor(parties: number, choices: readonly number[]) {
    this.#running = parties;
    this.#choices = choices;
  }

  /** Waits for the turn of whoever calls, then does the work. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#pause();
    await promise;
    return work();
  }

  /** One party waits, or has come to its end. When none is left that could go on by itself, one of the waiting may. */
  #pause(): void {
    this.#running--;
    if (this.#running > 0 || this.#waiting.length === 0) return;
    const choice = this.#choices[this.#taken++ % this.#choices.length] ?? 0;
    const [next] = this.#waiting.splice(choice % this.#waiting.length, 1);
    this.#running++;
    next?.();
  }

  async run(party: Party, ports: Ports): Promise<unknown> {
    try {
      await this.step(async () => {});
      return await party(ports);
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
      return error;
    } finally {
      this.#pause();
    }
  }
}

function stepwise(ports: Ports, schedule: Schedule): Ports {
  const { metadata, blobs, uploads } = ports;
  return {
    ...ports,
    metadata: {
      read: (look) => schedule.step(() => metadata.read(look)),
      write: (change) => schedule.step(() => metadata.write(change)),
      lookUp: (look) => schedule.step(() => metadata.lookUp(look)),
      inspect: (look) => schedule.step(() => metadata.inspect(look)),
      check: () => schedule.step(() => metadata.check()),
      [Symbol.asyncDispose]: async () => {},
    },
    blobs: {
      open: (key, range) => schedule.step(() => blobs.open(key, range)),
      erase: (keys) => schedule.step(() => blobs.erase(keys)),
      list: () => blobs.list(),
      stat: (keys) => schedule.step(() => blobs.stat(keys)),
    },
    uploads: {
      append: (at, bytes) => schedule.step(() => uploads.append(at, bytes)),
      truncate: (from, to) => schedule.step(() => uploads.truncate(from, to)),
      commit: (at, digest) => schedule.step(() => uploads.commit(at, digest)),
      namesOf: (at) => uploads.namesOf(at),
    },
  };
}

/** Answers what each party answered or threw. */
export type Run = (...parties: Party[]) => Promise<unknown[]>;

/**
 * Checks what holds however the parties' steps fall, each time on real stores of its own. The parties share one process,
 * or, with `apart`, nothing but the stores.
 */
export async function forAnyOrder(
  { runs, apart = false, ...options }: StoresOptions & { readonly runs: number; readonly apart?: boolean },
  scenario: (stores: Stores, run: Run) => Promise<void>,
): Promise<void> {
  const choices = fc.array(fc.nat(99), { minLength: 50, maxLength: 50 });
  const property = fc.asyncProperty(choices, async (chosen) => {
    await using stores = await openStores(options);
    await scenario(stores, async (...parties) => {
      const schedule = new Schedule(parties.length, chosen);
      const shared = stepwise(stores.ports, schedule);
      return Promise.all(
        parties.map((party) => schedule.run(party, apart ? stepwise(stores.ports, schedule) : shared)),
      );
    });
  });
  await fc.assert(property, { numRuns: samples(runs) });
}
