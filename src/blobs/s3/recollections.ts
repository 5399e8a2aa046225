import { createHash, type Hash } from 'node:crypto';
import type { Mark } from './bucket.ts';

/** What this process remembers of a position that it has written itself. */
export interface Recollection {
  /** sha256 of all bytes of the position. */
  readonly hash: Hash;
  /** The store's marks of all parts of the position, in order: with these and no others an object is made. */
  readonly marks: readonly Mark[];
  /** The bytes after those parts, while there is room for them. */
  readonly tail: Uint8Array;
}

/** Of so many uploads; what is forgotten is asked of the store, and read again, when they are completed. */
const POSITIONS_KEPT = 1024;
/** Of all of those together. */
const MARKS_KEPT = 200_000;
/** Tails, and the states that they are found by, which may have bytes in them, too. */
const BYTES_KEPT = 64 * 1024 * 1024;

const NOTHING_YET: Recollection = { hash: createHash('sha256'), marks: [], tail: new Uint8Array() };

/**
 * What is remembered of uploads, by the state of their position. A state is noted by one writer only, so what is remembered
 * with it is true of the very bytes that he wrote, whoever has written to the same upload since.
 */
export class Recollections {
  readonly #kept = new Map<string, Recollection>();
  #marks = 0;
  #bytes = 0;

  /** Its hash is to be copied before it is moved on. */
  of(state: string | undefined): Recollection | undefined {
    return state === undefined ? NOTHING_YET : this.#kept.get(state);
  }

  keep(state: string, recollection: Recollection): void {
    this.#kept.set(state, recollection);
    this.#marks += recollection.marks.length;
    this.#bytes += sizeOf(state, recollection);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= POSITIONS_KEPT && this.#marks <= MARKS_KEPT && this.#bytes <= BYTES_KEPT) return;
      this.forget(oldest);
    }
  }

  forget(state: string | undefined): void {
    const kept = state === undefined ? undefined : this.#kept.get(state);
    if (state === undefined || !kept) return;
    this.#kept.delete(state);
    this.#marks -= kept.marks.length;
    this.#bytes -= sizeOf(state, kept);
  }
}

function sizeOf(state: string, { tail }: Recollection): number {
  return state.length + tail.byteLength;
}
