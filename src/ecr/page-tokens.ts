import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { Fault } from '../model/fault.ts';
import { seal, unseal } from '../policy/sealed.ts';

const LIFETIME = 24 * 3_600_000;
const MAX_LENGTH = 4096;

/** What a token belongs to: the operation and all of its input that chooses what is listed. */
export type Listing = readonly (string | number | boolean | undefined | readonly string[])[];

/** `nextToken`: the key to go on after, sealed for one listing. A token of another listing, or of nobody's, is refused. */
export class PageTokens {
  readonly #key: KeyObject;
  readonly #clock: Clock;

  constructor(key: Uint8Array, clock: Clock) {
    this.#key = createSecretKey(key);
    this.#clock = clock;
  }

  seal(listing: Listing, after: unknown): string | undefined {
    if (after === undefined) return undefined;
    return seal(this.#key, purposeOf(listing), { after, expiresAt: this.#clock.now() + LIFETIME });
  }

  /**
   * The key that was sealed; `undefined` without a token.
   *
   * @throws Fault `InvalidParameter`
   */
  open<Key>(listing: Listing, token: string | undefined): Key | undefined {
    if (token === undefined) return undefined;
    const opened = token.length > MAX_LENGTH ? undefined : unseal(this.#key, purposeOf(listing), token);
    // What unseals was sealed here, for this very listing, so its shape is known.
    const content = opened as { readonly after: Key; readonly expiresAt: number } | undefined;
    if (!content || content.expiresAt <= this.#clock.now()) {
      throw new Fault('InvalidParameter', {
        parameter: 'nextToken',
        constraint: 'Must be a token that a call with the same parameters answered within a day',
      });
    }
    return content.after;
  }
}

function purposeOf(listing: Listing): string {
  return `page-token ${hash('sha256', JSON.stringify(listing))}`;
}
