import type { Clock } from '../../model/clock.ts';
import type { StorageKey } from '../../model/ids.ts';
import type { Found } from './bucket.ts';

/** In milliseconds. */
const GOOD_FOR = 60_000;
const MOST = 50_000;

/**
 * Objects that were seen in the store within the last minute, so that "is what the database promises really there?" is not asked
 * of the store with each request. That something was there is all that is kept: keys are never used again, so what was seen
 * under one cannot have become anything else, and Berth erases nothing that a row names. What is not there is asked for each time.
 */
export class Sightings {
  readonly #clock: Clock;
  readonly #seen = new Map<StorageKey, Found & { readonly seenAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(key: StorageKey): Found | undefined {
    const seen = this.#seen.get(key);
    if (seen && this.#clock.now() - seen.seenAt < GOOD_FOR) return seen;
    this.#seen.delete(key);
    return undefined;
  }

  note(key: StorageKey, found: Found): void {
    this.#seen.delete(key);
    this.#seen.set(key, { ...found, seenAt: this.#clock.now() });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST && oldest !== undefined) this.#seen.delete(oldest);
  }

  forget(key: StorageKey): void {
    this.#seen.delete(key);
  }
}
