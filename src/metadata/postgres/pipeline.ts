import type { PoolClient } from 'pg';
import { cork, uncork } from './corked.ts';
import { kindOf } from './failure.ts';

/** How many statements go out together at the most: a slow one makes those behind it wait. */
const LENGTH = 8;

/**
 * One connection, or one that is about to be had, for single statements outside of any transaction. Those who come within one
 * turn of the event loop are on it together: their statements leave in one piece, and so do the answers.
 */
export class Pipeline {
  readonly #client: Promise<PoolClient>;
  #begun = 0;
  #ended = 0;
  #isFull = false;
  #failure: Error | undefined;
  #isReturned = false;

  /** `client` is given back when nobody is on it any more. */
  constructor(client: Promise<PoolClient>) {
    this.#client = client.then((had) => {
      cork(had);
      setImmediate(() => {
        uncork(had);
        this.#isFull = true;
        this.#giveBack(had);
      });
      return had;
    });
    // Whoever is on it hears of it.
    this.#client.catch(() => {
      this.#isFull = true;
    });
  }

  /** Whether nobody else can come. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Runs `work`, which sends one statement. */
  async run<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.#begun += 1;
    if (this.#begun === LENGTH) this.#isFull = true;
    const client = await this.#client;
    try {
      return await work(client);
    } catch (error) {
      // What one statement is refused for is nothing to the others; a connection that is lost or stale is.
      if (['lost', 'stale'].includes(kindOf(error))) {
        this.#failure ??= error as Error;
        this.#isFull = true;
      }
      throw error;
    } finally {
      this.#ended += 1;
      this.#giveBack(client);
    }
  }

  #giveBack(client: PoolClient): void {
    if (this.#isReturned || !this.#isFull || this.#ended < this.#begun) return;
    this.#isReturned = true;
    client.release(this.#failure);
  }
}
