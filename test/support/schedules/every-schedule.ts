import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { SCALED, samples } from '../scaled/environment.ts';
import type { Stores } from '../stores.ts';
import { type Explored, exploreSchedules, type Thoroughness } from './explore.ts';
import { Lab, type LabOptions, type PartyClock } from './lab.ts';
import { settle } from './settle.ts';
import type { Conduct, Party } from './turns.ts';

/** Hundreds of runs, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 180_000 });

/**
 * Where each run takes several times as long, the largest pairs are not gone through to the end: so many runs, which differ in
 * what comes late, and so many in which the parties give way to each other anywhere.
 */
const MOST_SCALED = 80;
const MORE_AT_RANDOM = 40;

/** What goes on at once, from where, and what must have come of it. */
export interface Scenario<Context> {
  /** Brings new stores to where the parties begin. What it answers must not change: every run begins with it. */
  readonly prepare: (stores: Stores) => Promise<Context>;
  readonly parties: (context: Context, clock: PartyClock) => readonly Party[];
  /** Looks at the end, before anything else is done. Each end is looked at once, however many runs come to it. */
  readonly check: (end: End, context: Context) => Promise<void>;
}

export interface End {
  readonly stores: Stores;
  /** What each party answered or threw. */
  readonly outcomes: readonly unknown[];
}

/**
 * Runs two parties in every order there is, and checks what must hold after each: what the scenario says, that the stores
 * are in order, and that in the end nothing is left but what live images name. Says how many schedules that were. With `FULL`
 * in the environment, pairs of at most so many are also run without leaving anything out, and must come to the same ends.
 */
export async function everySchedule<Context>(
  title: string,
  options: LabOptions & { readonly thoroughness?: Thoroughness },
  scenario: Scenario<Context>,
): Promise<Explored & { readonly ends: ReadonlySet<string> }> {
  await using trial = await Trial.prepare(options, scenario);
  const run = (conduct: Conduct) => trial.run(conduct);
  const { thoroughness = 'reduced' } = options;
  const most = SCALED && thoroughness === 'reduced' ? MOST_SCALED : Infinity;
  const explored = await exploreSchedules(run, thoroughness, most);
  const { runs, repeats, schedules, isWhole } = explored;
  if (!isWhole) await givingWay(trial, MORE_AT_RANDOM);
  const more = isWhole ? '' : `, and ${MORE_AT_RANDOM} at random`;
  process.stdout.write(
    `${title}: ${schedules} schedules in ${runs} runs (and ${repeats} broken off)${more}, ${trial.ends.size} different ends\n`,
  );
  // A pair that never meets shows nothing.
  expect(runs).toBeGreaterThan(1);
  if (options.thoroughness !== 'full' && schedules <= BigInt(process.env['FULL'] ?? 0)) {
    const quick = { ...scenario, check: async () => {} };
    const full = await everySchedule(`${title}, in full`, { ...options, thoroughness: 'full' }, quick);
    expect(full.schedules).toBe(schedules);
    expect([...full.ends].sort()).toEqual([...trial.ends].sort());
  }
  return { ...explored, ends: trial.ends };
}

/** Runs any number of parties in so many orders that fast-check makes up; more with `SCHEDULES` in the environment. */
export async function someSchedules<Context>(
  title: string,
  options: LabOptions & { readonly runs: number },
  scenario: Scenario<Context>,
): Promise<void> {
  await using trial = await Trial.prepare(options, scenario);
  const numRuns = Number(process.env['SCHEDULES'] ?? samples(options.runs));
  const property = fc.asyncProperty(fc.infiniteStream(fc.nat(59)), async (choices) => {
    await trial.run({ choose: (waiting) => waiting[(choices.next().value ?? 0) % waiting.length] });
  });
  await fc.assert(property, { numRuns });
  process.stdout.write(
    `${title}: ${numRuns} runs at random in ${trial.orders.size} different orders, ${trial.ends.size} different ends\n`,
  );
  expect(trial.orders.size).toBeGreaterThan(numRuns / 2);
}

/** Two parties that give way to each other a few times, anywhere: where a step comes out differently, that is mostly enough. */
async function givingWay<Context>(trial: Trial<Context>, numRuns: number): Promise<void> {
  const conduct = fc.record({ first: fc.nat(1), ways: fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }) });
  const property = fc.asyncProperty(conduct, async ({ first, ways }) => {
    let [step, goes] = [0, first];
    await trial.run({
      choose: (waiting) => {
        goes = (goes + ways.filter((at) => at === step).length) % 2;
        step++;
        return waiting.includes(goes) ? goes : waiting[0];
      },
    });
  });
  await fc.assert(property, { numRuns });
}

/** One scenario on its stores. */
class Trial<Context> implements AsyncDisposable {
  readonly ends = new Set<string>();
  /** In which orders the parties went. */
  readonly orders = new Set<string>();
  readonly #lab: Lab;
  readonly #scenario: Scenario<Context>;
  readonly #context: Context;

  static async prepare<Context>(options: LabOptions, scenario: Scenario<Context>): Promise<Trial<Context>> {
    let prepared: { readonly context: Context } | undefined;
    const lab = await Lab.prepare(options, async (stores) => {
      prepared = { context: await scenario.prepare(stores) };
    });
    if (!prepared) throw new Error('Nothing was prepared');
    return new Trial(lab, scenario, prepared.context);
  }

  private constructor(lab: Lab, scenario: Scenario<Context>, context: Context) {
    this.#lab = lab;
    this.#scenario = scenario;
    this.#context = context;
  }

  /** Answers whether the run came to its end. */
  async run(conduct: Conduct): Promise<boolean> {
    const story: string[] = [];
    try {
      const end = await this.#lab.run((clock) => this.#scenario.parties(this.#context, clock), {
        choose: conduct.choose,
        onStep: (step) => {
          story.push(`${'    '.repeat(step.party)}${step.party}: ${step.label}`);
          conduct.onStep?.(step);
        },
      });
      if (!end) return false;
      this.orders.add(story.join());
      const state = `${JSON.stringify(end.outcomes.map(plain))} ${await this.#lab.state()}`;
      if (this.ends.has(state)) return true;
      this.ends.add(state);
      await this.#scenario.check(end, this.#context);
      await settle(end.stores);
      return true;
    } catch (error) {
      if (error instanceof Error) error.message += `\nin this order:\n${story.join('\n')}`;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
  }
}

function plain(outcome: unknown): unknown {
  return outcome instanceof Error ? { name: outcome.name, message: outcome.message } : (outcome ?? null);
}
