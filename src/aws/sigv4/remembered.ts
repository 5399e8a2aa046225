/**
 * What was made of a text, for the next who comes with the same: clients say most of it again in every request of a second or a
 * day. Refusals are not kept, nor is undefined. The oldest goes first, so who sends what nobody else does costs the others no
 * more than having theirs made again.
 */
export class Remembered<T> {
  readonly #limit: number;
  readonly #kept = new Map<string, T>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `make` is asked at most once while the text is kept, and must answer the same whenever it is. */
  get(text: string, make: (text: string) => T): T {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    if (made !== undefined) this.#keep(text, made);
    return made;
  }

  #keep(text: string, made: T): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= this.#limit && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(text, made);
  }
}
