/**
 * The bytes of one chunk as they arrive, taken in segments: each ends at its length, at the end of the chunk, or where the
 * sender breaks off, and so always holds bytes that have come and belong where they stand.
 */
export class Arrival {
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #check: (received: number) => void;
  #received = 0;
  #isOver = false;
  #breakage: { readonly error: unknown } | undefined;

  /** `check` is told how many bytes there are with each piece, before it is passed on, and throws to refuse it. */
  constructor(bytes: AsyncIterable<Uint8Array>, check: (received: number) => void) {
    this.#bytes = bytes[Symbol.asyncIterator]();
    this.#check = check;
  }

  /** Whether no more bytes will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the sender broke off. */
  get isBroken(): boolean {
    return this.#breakage !== undefined;
  }

  /** How many bytes have been passed on. */
  get received(): number {
    return this.#received;
  }

  /** Passes the next bytes on, and ends with the piece that makes them `length` or more. */
  async *segment(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    const end = this.#received + length;
    while (this.#received < end) {
      const piece = await this.#next();
      if (piece === undefined) return;
      this.#received += piece.byteLength;
      this.#check(this.#received);
      yield piece;
    }
  }

  /** @throws what the sender broke off with, if it did */
  expectWhole(): void {
    if (this.#breakage) throw this.#breakage.error;
  }

  /** Lets go of the sender, whatever it may still have. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.#bytes.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#bytes.next();
      if (!next.done) return next.value;
    } catch (error) {
      this.#breakage = { error };
    }
    this.#isOver = true;
    return undefined;
  }
}
