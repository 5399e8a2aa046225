import { createHash } from 'node:crypto';

/** Chance that can be had again: the same seed throws the same numbers, whatever else goes on. */
export class Dice {
  readonly #seed: string;
  #throws = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Dice of their own for one part of a run, so that what the others throw does not change what these do. */
  fork(name: string): Dice {
    return new Dice(`${this.#seed}/${name}`);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.bytes(6).readUIntBE(0, 6) % limit;
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  /** One of these, or `undefined` of none. */
  oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.below(Math.max(items.length, 1))];
  }

  /** Up to `count` different ones of these. */
  some<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const taken: T[] = [];
    while (rest.length > 0 && taken.length < count) taken.push(...rest.splice(this.below(rest.length), 1));
    return taken;
  }

  bytes(length: number): Buffer {
    // An extendable output of SHA-3: as many bytes as asked for from one throw.
    return createHash('shake128', { outputLength: length })
      .update(`${this.#seed}#${this.#throws++}`)
      .digest();
  }

  hex(length: number): string {
    return this.bytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length);
  }
}
