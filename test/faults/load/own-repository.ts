import type { Content } from './content.ts';
import type { Promises } from './push.ts';
import type { RepositoryState } from './repository-model.ts';

const GRAVES = 30;

/**
 * A repository that only one client writes to, so that the client knows what is in it. After a request whose outcome it
 * never learnt it may be one of two things, and nothing in between; looking settles which.
 */
export class OwnRepository {
  readonly name: string;
  /** What may be in it: one state, or two while the outcome of the last request is open. */
  states: readonly RepositoryState[] = [undefined];
  /** What the server promised to keep for the next image. */
  readonly promises: Promises = new Map();
  /** A push that a crash interrupted: it goes on where it was, trusting what it was promised. */
  interrupted: { readonly content: Content; readonly tag: string | undefined } | undefined;
  /** Digests of what was deleted last, which must not come back. */
  readonly graves = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  /** The state, when it is certain. */
  get state(): RepositoryState {
    if (this.states.length !== 1) throw new Error(`what is in ${this.name} is not certain`);
    return this.states[0];
  }

  /** Notes what a request has come to: `next` is what it leads to if it was carried out. */
  note(outcome: 'ok' | 'refused' | 'unknown', next: RepositoryState): void {
    const before = this.state;
    if (outcome === 'refused') return;
    this.settle(next);
    if (outcome === 'unknown') this.states = [before, next];
  }

  /** Makes it certain. */
  settle(state: RepositoryState): void {
    for (const before of this.states) {
      for (const digest of before?.keys() ?? []) if (!state?.has(digest)) this.graves.add(digest);
    }
    for (const digest of state?.keys() ?? []) this.graves.delete(digest);
    for (const oldest of [...this.graves].slice(0, Math.max(0, this.graves.size - GRAVES))) this.graves.delete(oldest);
    this.states = [state];
    if (state === undefined) this.promises.clear();
  }
}
