import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Session } from '../session.ts';
import type { Connection } from './connection.ts';

/** Enough to share the wait for the disk, few enough that nobody waits long for the others. */
const GROUP = 64;

type Change<T> = (session: Session) => Promise<T>;

interface Waiting {
  readonly change: Change<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs changes one after the other, and commits together those that arrived together: a commit waits for the disk, and the
 * changes that came in while the last one did need not wait one by one. Each is a transaction to its caller. One that throws
 * is undone alone; what came of each is told only after the commit.
 */
export class GroupCommit {
  readonly #connection: Connection;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  run<T>(change: Change<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
    this.#working ??= this.#work();
    return promise;
  }

  /** Fulfils when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    // Requests that the system holds ready are read in this turn of the event loop, and join the group.
    for (await nextTurn(); this.#waiting.length > 0; await nextTurn()) {
      await this.#commit(this.#waiting.splice(0, GROUP));
    }
    this.#working = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const done: (() => void)[] = [];
    try {
      this.#connection.begin();
      for (const { change, resolve, reject } of group) {
        try {
          const result = await this.#connection.nested(change);
          done.push(() => resolve(result));
        } catch (error) {
          if (!this.#connection.inTransaction) throw error;
          // A refusal waits for the commit, too: its reason may be a change of this very group.
          done.push(() => reject(error));
        }
      }
      this.#connection.commit();
    } catch (error) {
      this.#connection.rollback();
      for (const { reject } of group) reject(error);
      return;
    }
    for (const tell of done) tell();
  }
}
