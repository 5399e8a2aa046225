import { onFailpoint } from '../../../src/model/failpoint.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import { type Footprint, type Touch, touch } from './footprint.ts';

/** One of several requests or workers that go on at the same time. */
export type Party = (ports: Ports, pause: Pause) => Promise<unknown>;

/** A failpoint of the test's own; `reads` is what the party looks at beyond it, past the ports. */
export type Pause = (label: string, reads?: string) => Promise<void>;

/** What a party did between two places where another may come in. */
export interface Step {
  readonly party: number;
  readonly label: string;
  readonly footprint: Footprint;
}

/** Says who goes on; nobody, when the run is of no more interest. */
export type Choose = (waiting: readonly number[]) => number | undefined;

export interface Conduct {
  readonly choose: Choose;
  /** Hears of each step when it is over. The next one begins when it has been heard. */
  readonly onStep?: (step: Step) => void | Promise<void>;
}

class Dismissed extends Error {}

interface Chair {
  readonly party: number;
  /** What a call that is under way touches in each of its steps. */
  readonly held: Set<{ readonly things: readonly string[]; readonly how: Touch }>;
  gate: { readonly label: string; readonly open: PromiseWithResolvers<void> } | undefined;
}

/**
 * Lets parties go on at once, one step at a time: a step begins with a call of a port or at a failpoint, and ends where the
 * next one begins. So whoever runs is the only one who does, and every await between two effects is a place where another
 * may come in. Parties that have the same ports share what is in memory, as in one process.
 */
export class Turns {
  #running: Chair | undefined;
  #step: Step | undefined;
  #quiet = Promise.withResolvers<void>();
  #dismissed = false;

  /** Notes what the step under way touches. */
  touch(thing: string, how: Touch): void {
    if (this.#step) touch(this.#step.footprint, thing, how);
  }

  /** What is under way. */
  get step(): Step | undefined {
    return this.#step;
  }

  /** Notes that every step of whoever runs touches these, until disposed of. */
  hold(things: readonly string[], how: Touch): Disposable {
    const held = this.#running?.held;
    const entry = { things, how };
    held?.add(entry);
    for (const thing of things) this.touch(thing, how);
    return { [Symbol.dispose]: () => held?.delete(entry) };
  }

  get party(): number | undefined {
    return this.#running?.party;
  }

  /** Waits for the turn of whoever runs. */
  async pause(label: string): Promise<void> {
    if (this.#dismissed) throw new Dismissed();
    const chair = this.#running;
    if (!chair) throw new Error(`Nobody runs, but somebody came to ${label}`);
    const open = Promise.withResolvers<void>();
    chair.gate = { label, open };
    this.#running = undefined;
    this.#quiet.resolve();
    return open.promise;
  }

  /** Answers what each party answered or threw; nothing when `choose` lost interest. */
  async run(
    parties: readonly Party[],
    portsOf: (party: number) => Ports,
    { choose, onStep }: Conduct,
  ): Promise<unknown[] | undefined> {
    using _ = onFailpoint((name) => (name.startsWith('transaction.') ? undefined : this.pause(name)));
    const chairs: Chair[] = [];
    const ends: Promise<unknown>[] = [];
    for (const [at, party] of parties.entries()) {
      const chair: Chair = { party: at, held: new Set(), gate: undefined };
      chairs.push(chair);
      await this.#untilQuiet(chair, () => ends.push(this.#attend(party, portsOf(at))));
    }
    for (;;) {
      const waiting = chairs.filter((chair) => chair.gate !== undefined);
      if (waiting.length === 0) return Promise.all(ends);
      const chosen = choose(waiting.map((chair) => chair.party));
      if (chosen === undefined) break;
      const chair = chairs[chosen];
      const gate = chair?.gate;
      if (!chair || !gate) throw new Error(`Party ${chosen} cannot go on`);
      chair.gate = undefined;
      const step: Step = { party: chosen, label: gate.label, footprint: new Map() };
      this.#step = step;
      for (const { things, how } of chair.held) for (const thing of things) this.touch(thing, how);
      await this.#untilQuiet(chair, () => gate.open.resolve());
      this.#step = undefined;
      await onStep?.(step);
    }
    this.#dismissed = true;
    for (const { gate } of chairs) gate?.open.reject(new Dismissed());
    await Promise.all(ends);
    return undefined;
  }

  async #untilQuiet(chair: Chair, go: () => void): Promise<void> {
    this.#quiet = Promise.withResolvers();
    this.#running = chair;
    go();
    await this.#quiet.promise;
  }

  async #attend(party: Party, ports: Ports): Promise<unknown> {
    try {
      await this.pause('begin');
      return await party(ports, async (label, reads) => {
        await this.pause(label);
        if (reads !== undefined) this.touch(reads, 'read');
      });
    } catch (error) {
      return error;
    } finally {
      if (!this.#dismissed) {
        this.#running = undefined;
        this.#quiet.resolve();
      }
    }
  }
}
