import { setImmediate as nextTurn } from 'node:timers/promises';
import { failpoint } from '../../model/failpoint.ts';
import type { Weight } from '../metadata-store.ts';
import type { Session } from '../session.ts';
import type { Connection } from './connection.ts';

/** Enough to share the wait for the disk, few enough that nobody waits long for the others. */
const GROUP = 64;
/** In milliseconds. Changes hold up everybody while they run, and one may take as long as a hundred others. */
const LONGEST = 10;
/** In milliseconds: so long after somebody else has used the store, bulk takes turns with them. */
const COMPANY = 200;
/** How long bulk rests then, for each millisecond that it took: the more, the less others notice, and the longer it takes. */
const REST = 2;

type Change<T> = (session: Session) => Promise<T>;

interface Waiting {
  readonly change: Change<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  /** Milliseconds since any moment that stays the same. */
  readonly stopwatch: () => number;
  /** Makes durable what is committed; nobody of a group is told before that. */
  readonly force?: () => Promise<void>;
  /** Called before a group begins. */
  readonly beforeGroup?: () => void;
  /** Called when all of a group have been told what came of it; the next one waits for what it answers. Must not throw. */
  readonly afterGroup?: () => Promise<void> | undefined;
  /** What callers hear in place of an error of the database. */
  readonly translate?: (error: unknown) => unknown;
}

/**
 * Runs changes one after the other, and commits together those that arrived together. Each is a transaction to its caller. One
 * that throws is undone alone; what came of each is told only when the commit is durable. Nothing but those who are told waits for the disk: the
 * next group is committed meanwhile, and what is committed while the disk is busy becomes durable together.
 *
 * A group ends when it has run for some milliseconds, too. Those that are left begin the next one, in order of arrival.
 * Short changes go before bulk, so that they wait for one or two of those, however many there are; and one bulk change is
 * done with each commit at least. While others use the store, bulk rests after each commit for twice as long as that took:
 * whoever comes with one small request after the other finds the way free most of the time, and bulk goes on all the same.
 */
export class GroupCommit {
  readonly #connection: Connection;
  readonly #options: GroupCommitOptions;
  readonly #waiting: Readonly<Record<Weight, Waiting[]>> = { short: [], bulk: [] };
  #working: Promise<void> | undefined;
  readonly #telling = new Set<Promise<void>>();
  #refusal: Error | undefined;
  #companyUntil = Number.NEGATIVE_INFINITY;
  #restUntil = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;

  constructor(connection: Connection, options: GroupCommitOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Somebody uses the store for something short. */
  noteCompany(): void {
    this.#companyUntil = this.#options.stopwatch() + COMPANY;
  }

  run<T>(change: Change<T>, weight: Weight = 'short'): Promise<T> {
    if (weight === 'short') {
      this.noteCompany();
      this.#wake?.();
    }
    if (this.#refusal) return Promise.reject(this.#refusal);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting[weight].push({ change, resolve: resolve as (result: unknown) => void, reject });
    this.#working ??= this.#work();
    return promise;
  }

  /** Fulfils when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
    await Promise.all(this.#telling);
  }

  /** From now on nothing is committed: what is waiting, under way or to come is refused with this error. */
  stop(error: Error): void {
    this.#refusal ??= error;
    for (const { reject } of this.#takeAll()) reject(this.#refusal);
    this.#wake?.();
  }

  async #work(): Promise<void> {
    // Requests that the system holds ready are read in this turn of the event loop, and join the group.
    for (await nextTurn(); this.#isAnyWaiting(); await nextTurn()) {
      await this.#rest();
      await this.#commit();
      await this.#options.afterGroup?.();
    }
    this.#working = undefined;
  }

  /** Lets others go first, where all that waits is bulk. */
  async #rest(): Promise<void> {
    if (this.#waiting.short.length > 0 || !this.#isResting()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, this.#restUntil - this.#options.stopwatch()));
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #isResting(): boolean {
    const now = this.#options.stopwatch();
    return now < this.#restUntil && now < this.#companyUntil;
  }

  async #commit(): Promise<void> {
    const { stopwatch, beforeGroup, translate = (error) => error } = this.#options;
    const group: Waiting[] = [];
    const done: (() => void)[] = [];
    try {
      beforeGroup?.();
      this.#connection.begin();
      const begun = stopwatch();
      const { short, bulk } = this.#waiting;
      let hasBulk = false;
      const takesBulk = !this.#isResting();
      const isOpen = () => group.length === 0 || (group.length < GROUP && stopwatch() - begun < LONGEST);
      while (isOpen() || (takesBulk && !hasBulk)) {
        const quick = isOpen() ? short.shift() : undefined;
        const next = quick ?? (takesBulk ? bulk.shift() : undefined);
        if (!next) break;
        hasBulk ||= next !== quick;
        group.push(next);
        done.push(await this.#outcome(next, translate));
      }
      if (this.#refusal) throw this.#refusal;
      await failpoint('transaction.ready');
      this.#connection.commit();
      const telling = this.#tellWhenDurable(group, done);
      // Bulk is no faster than the disk, or it would take that from others.
      if (hasBulk) {
        await telling;
        this.#restUntil = stopwatch() + REST * (stopwatch() - begun);
      }
    } catch (error) {
      const told = translate(error);
      this.#undo(translate);
      // Where the transaction could not even begin, nobody has been taken into the group: all who wait are told.
      for (const { reject } of group.length > 0 ? group : this.#takeAll()) reject(told);
    }
  }

  #tellWhenDurable(group: readonly Waiting[], done: readonly (() => void)[]): Promise<void> {
    const telling = this.#tell(group, done).finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
    return telling;
  }

  async #tell(group: readonly Waiting[], done: readonly (() => void)[]): Promise<void> {
    const { force, translate = (error) => error } = this.#options;
    try {
      await force?.();
      await failpoint('transaction.committed');
      if (this.#refusal) throw this.#refusal;
    } catch (error) {
      const told = translate(error);
      for (const { reject } of group) reject(told);
      return;
    }
    for (const tell of done) tell();
  }

  /** Runs one change. A refusal waits for the commit, too: its reason may be a change of this very group. */
  async #outcome({ change, resolve, reject }: Waiting, translate: (error: unknown) => unknown): Promise<() => void> {
    try {
      const result = await this.#connection.nested(change);
      return () => resolve(result);
    } catch (error) {
      if (!this.#connection.inTransaction) throw error;
      const told = translate(error);
      return () => reject(told);
    }
  }

  #isAnyWaiting(): boolean {
    return this.#waiting.short.length + this.#waiting.bulk.length > 0;
  }

  #takeAll(): Waiting[] {
    return [...this.#waiting.short.splice(0), ...this.#waiting.bulk.splice(0)];
  }

  #undo(translate: (error: unknown) => unknown): void {
    try {
      this.#connection.rollback();
    } catch (error) {
      translate(error);
    }
  }
}
