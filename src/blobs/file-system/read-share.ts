/** What all streams of a store together may hold of what they have read, in bytes: many slow readers cost no more than a few. */
const BUDGET = 2 * 1024 * 1024;
/** What a connection takes in one go. Twice that and more costs two to three times the processor, half of that nearly twice. */
const LONGEST = 64 * 1024;
/** A piece shorter than this costs more turns of the event loop than it saves memory. */
const SHORTEST = 8 * 1024;

/** Shares out among the streams that are open how much each reads at a time. */
export class ReadShare {
  #streams = 0;

  /** How long the next piece of each stream should be, in bytes. */
  get length(): number {
    const fair = BUDGET / Math.max(1, this.#streams);
    return Math.min(LONGEST, Math.max(SHORTEST, 2 ** Math.floor(Math.log2(fair))));
  }

  enter(): void {
    this.#streams += 1;
  }

  leave(): void {
    this.#streams -= 1;
  }
}
