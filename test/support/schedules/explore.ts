import { depend, type Footprint } from './footprint.ts';
import type { Conduct, Step } from './turns.ts';

/** What was gone through. */
export interface Explored {
  /** Runs to the end. */
  readonly runs: number;
  /** Runs broken off, for they could only repeat what others showed. */
  readonly repeats: number;
  /** Whether all schedules were gone through, and not only as many runs as were asked for at most. */
  readonly isWhole: boolean;
  /** Schedules that the runs stand for: each run for all that only swap steps which touch nothing in common. */
  readonly schedules: bigint;
}

/** Whether steps that touch nothing in common are tried in both orders, too. */
export type Thoroughness = 'reduced' | 'full';

/** A place where somebody had to be chosen. */
interface Node {
  readonly waiting: readonly number[];
  chosen: number;
  /** Parties whose next step has been tried from here, with what it touched. */
  readonly tried: Map<number, Footprint>;
  /** Parties whose next step was tried before, and nothing since could make it come out differently. */
  readonly asleep: ReadonlyMap<number, Footprint>;
  /** Parties that must be tried from here. */
  readonly wanted: Set<number>;
}

/**
 * Goes through all schedules of two parties, depth first, each from the start. `run` must do the same for the same choices.
 *
 * With `reduced`, of schedules that differ only in the order of steps which touch nothing in common, one is run (dynamic
 * partial-order reduction with sleep sets: Flanagan and Godefroid 2005; Abdulla, Aronis, Jonsson and Sagonas 2014).
 */
export async function exploreSchedules(
  run: (conduct: Conduct) => Promise<boolean>,
  thoroughness: Thoroughness,
  most = Infinity,
): Promise<Explored> {
  const path: Node[] = [];
  let [runs, repeats, schedules] = [0, 0, 0n];
  do {
    const trace = new Trace();
    const complete = await run({
      choose: (waiting) => {
        const node = path[trace.steps.length];
        if (node) {
          if (String(node.waiting) !== String(waiting)) throw new Error('A run does not repeat itself');
          return node.chosen;
        }
        const before = path.at(-1);
        const asleep = before && thoroughness === 'reduced' ? stillAsleep(before, trace.steps.at(-1)) : new Map();
        const chosen = waiting.find((party) => !asleep.has(party));
        if (chosen === undefined) return undefined;
        const wanted = new Set(thoroughness === 'full' ? waiting : [chosen]);
        path.push({ waiting, chosen, tried: new Map(), asleep, wanted });
        return chosen;
      },
      onStep: (step) => {
        path[trace.steps.length]?.tried.set(step.party, step.footprint);
        const race = trace.add(step);
        if (race !== undefined) path[race]?.wanted.add(step.party);
      },
    });
    if (complete) {
      runs++;
      schedules += thoroughness === 'full' ? 1n : countOrders(trace.steps);
    } else repeats++;
  } while (turn(path) && runs < most);
  return { runs, repeats, schedules, isWhole: path.length === 0 };
}

/** Moves on to the next path; answers whether there is one. */
function turn(path: Node[]): boolean {
  for (let node = path.at(-1); node; node = path.at(-1)) {
    const { wanted, tried, asleep } = node;
    const next = [...wanted].find((party) => !tried.has(party) && !asleep.has(party));
    if (next !== undefined) {
      node.chosen = next;
      return true;
    }
    path.pop();
  }
  return false;
}

function stillAsleep({ asleep, tried }: Node, last: Step | undefined): Map<number, Footprint> {
  const still = new Map<number, Footprint>();
  if (!last) return still;
  for (const [party, footprint] of [...asleep, ...tried]) {
    if (party !== last.party && !depend(footprint, last.footprint)) still.set(party, footprint);
  }
  return still;
}

/** The steps of one run, and which of them are known to come before which. */
class Trace {
  readonly steps: Step[] = [];
  /** By party: the last step of the other party that must come before its next one. */
  readonly #known = [-1, -1];

  /** Answers the place of a step of the other party that this one might as well have come before. */
  add(step: Step): number | undefined {
    const last = this.steps.findLastIndex(
      (other) => other.party !== step.party && depend(other.footprint, step.footprint),
    );
    this.steps.push(step);
    if (last <= (this.#known[step.party] ?? -1)) return undefined;
    this.#known[step.party] = last;
    return last;
  }
}

/** In how many orders these steps can be taken, each party's own in theirs, without swapping two that depend on each other. */
export function countOrders(steps: readonly Step[]): bigint {
  const [first, second] = [0, 1].map((party) =>
    steps.flatMap((step, at) => (step.party === party ? [{ step, at }] : [])),
  );
  const others = second ?? [];
  // ways[j]: in how many orders the steps of the first party so far and j of the second one can be taken.
  let ways: bigint[] = others.reduce((row: bigint[]) => [...row, 1n], [1n]);
  for (const { step, at } of first ?? []) {
    const bound = others.flatMap((other, j) =>
      depend(step.footprint, other.step.footprint) ? [{ j, at: other.at }] : [],
    );
    const least = bound.findLast((other) => other.at < at)?.j ?? -1;
    const most = bound.find((other) => other.at > at)?.j ?? others.length;
    let sum = 0n;
    ways = ways.map((before, j) => {
      sum = (j > least && j <= most ? before : 0n) + sum;
      return sum;
    });
  }
  return ways.at(-1) ?? 0n;
}
