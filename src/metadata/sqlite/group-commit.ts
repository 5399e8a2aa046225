import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Session } from '../session.ts';
import type { Connection } from './connection.ts';

/** Enough to share the wait for the disk, few enough that nobody waits long for the others. */
const GROUP = 64;
/** In milliseconds. Changes hold up everybody while they run, and one may take as long as a hundred others. */
const LONGEST = 10;

type Change<T> = (session: Session) => Promise<T>;

interface Waiting {
  readonly change: Change<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  /** Milliseconds since any moment that stays the same. */
  readonly stopwatch: () => number;
  /** Called before a group begins. */
  readonly beforeGroup?: () => void;
  /** Called when all of a group have been told what came of it; the next one waits for what it answers. Must not throw. */
  readonly afterGroup?: () => Promise<void> | undefined;
  /** What callers hear in place of an error of the database. */
  readonly translate?: (error: unknown) => unknown;
}

/**
 * Runs changes one after the other, and commits together those that arrived together: a commit waits for the disk, and the
 * changes that came in while the last one did need not wait one by one. Each is a transaction to its caller. One that throws
 * is undone alone; what came of each is told only after the commit.
 *
 * A group ends when it has run for some milliseconds, too. Those that are left begin the next one, in order of arrival.
 */
export class GroupCommit {
  readonly #connection: Connection;
  readonly #options: GroupCommitOptions;
  readonly #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #refusal: Error | undefined;

  constructor(connection: Connection, options: GroupCommitOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  run<T>(change: Change<T>): Promise<T> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
    this.#working ??= this.#work();
    return promise;
  }

  /** Fulfils when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** From now on nothing is committed: what is waiting, under way or to come is refused with this error. */
  stop(error: Error): void {
    this.#refusal ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#refusal);
  }

  async #work(): Promise<void> {
    // Requests that the system holds ready are read in this turn of the event loop, and join the group.
    for (await nextTurn(); this.#waiting.length > 0; await nextTurn()) {
      await this.#commit();
      await this.#options.afterGroup?.();
    }
    this.#working = undefined;
  }

  async #commit(): Promise<void> {
    const { stopwatch, beforeGroup, translate = (error) => error } = this.#options;
    const group: Waiting[] = [];
    const done: (() => void)[] = [];
    try {
      beforeGroup?.();
      this.#connection.begin();
      const begun = stopwatch();
      do {
        const next = this.#waiting.shift();
        if (!next) break;
        group.push(next);
        done.push(await this.#outcome(next, translate));
      } while (group.length < GROUP && stopwatch() - begun < LONGEST);
      if (this.#refusal) throw this.#refusal;
      this.#connection.commit();
    } catch (error) {
      const told = translate(error);
      this.#undo(translate);
      // Where the transaction could not even begin, nobody has been taken into the group: all who wait are told.
      for (const { reject } of group.length > 0 ? group : this.#waiting.splice(0)) reject(told);
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

  #undo(translate: (error: unknown) => unknown): void {
    try {
      this.#connection.rollback();
    } catch (error) {
      translate(error);
    }
  }
}
