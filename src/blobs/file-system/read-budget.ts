/** What all that is sent at a time may hold of what has been read, in bytes, but for the shortest pieces. */
const BUDGET = 4 * 1024 * 1024;
/** Beyond that a longer piece spares little more. */
const LONGEST = 512 * 1024;
/** A piece shorter than this costs more turns of the event loop than it saves memory. */
const SHORTEST = 8 * 1024;
/** So many pieces as long as the next one are left for others. */
const OTHERS = 4;

/**
 * Shares out memory for pieces of files among all who send some: long ones while there are few, short ones when there are many.
 * Many slow readers together hold the budget and two of the shortest pieces each, and no more.
 */
export class ReadBudget {
  #held = 0;

  /** A buffer for pieces, of `wanted` bytes at the most; at least as long as the shortest piece, if so many are wanted. */
  lend(wanted: number): Buffer {
    const fair = Math.max(0, BUDGET - this.#held) / OTHERS;
    const length = Math.min(wanted, LONGEST, Math.max(SHORTEST, 2 ** Math.floor(Math.log2(fair))));
    this.#held += length;
    return Buffer.allocUnsafeSlow(length);
  }

  /** To be called once for each buffer that was lent, when nobody will read it any more. */
  giveBack(buffer: Buffer): void {
    this.#held -= buffer.length;
  }
}
