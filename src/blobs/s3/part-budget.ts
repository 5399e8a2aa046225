import { PART_BYTES } from './part-size.ts';

/** Parts that this process holds in memory at a time, over all its uploads. What is not filled yet takes no memory. */
const PARTS_AT_ONCE = 48;

/**
 * Shares out memory for parts among all uploads. Whoever gets none waits, in order of arrival: that holds his client up until
 * others have sent theirs. Memory is lent again only if what was in it arrived: a request that failed may still have hold of it.
 */
export class PartBudget {
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  readonly #most: number;
  #lent = 0;

  constructor(most = PARTS_AT_ONCE) {
    this.#most = most;
  }

  async lend(): Promise<Buffer> {
    if (this.#lent < this.#most) {
      this.#lent += 1;
      return this.#free.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** To be called once for each buffer that was lent; `reusable` unless somebody may still read it. */
  giveBack(buffer: Buffer, reusable: boolean): void {
    const next = this.#waiting.shift();
    if (next) next(reusable ? buffer : Buffer.allocUnsafeSlow(PART_BYTES));
    else {
      this.#lent -= 1;
      // One is kept for the next upload; the others go back to the system.
      if (reusable && this.#free.length === 0) this.#free.push(buffer);
    }
  }
}
