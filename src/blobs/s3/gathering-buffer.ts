import type { PartBudget } from './part-budget.ts';
import { PART_BYTES } from './part-size.ts';

/** So much is gathered without asking for the memory of a part: most uploads are smaller, and thousands may trickle in at a time. */
const SMALL = 256 * 1024;

/** Bytes of one upload until they are a part, or until there are no more. */
export class GatheringBuffer {
  readonly #budget: PartBudget;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #part: Buffer | undefined;

  constructor(budget: PartBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes as much of the piece as fits, and answers how much; a full part takes nothing until it is taken away. */
  async add(piece: Uint8Array): Promise<number> {
    const taken = piece.subarray(0, PART_BYTES - this.#size);
    if (taken.byteLength === 0) return 0;
    if (!this.#part && this.#size + taken.byteLength > SMALL) await this.#spread();
    if (this.#part) this.#part.set(taken, this.#size);
    else this.#pieces.push(taken);
    this.#size += taken.byteLength;
    return taken.byteLength;
  }

  get isFull(): boolean {
    return this.#size === PART_BYTES;
  }

  /** Hands over what there is, for `send` to send; the memory is given back when that is over. */
  async take(send: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    const part = this.#part;
    const bytes = part ? part.subarray(0, this.#size) : Buffer.concat(this.#pieces);
    this.#part = undefined;
    this.#pieces = [];
    this.#size = 0;
    let arrived = false;
    try {
      await send(bytes);
      arrived = true;
    } finally {
      if (part) this.#budget.giveBack(part, arrived);
    }
  }

  /** Lets go of what there is. */
  drop(): void {
    if (this.#part) this.#budget.giveBack(this.#part, true);
    this.#part = undefined;
    this.#pieces = [];
    this.#size = 0;
  }

  async #spread(): Promise<void> {
    const part = await this.#budget.lend();
    let at = 0;
    for (const piece of this.#pieces) {
      part.set(piece, at);
      at += piece.byteLength;
    }
    this.#pieces = [];
    this.#part = part;
  }
}
