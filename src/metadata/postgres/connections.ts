import type { PoolClient } from 'pg';
import { sendTogether } from './corked.ts';
import { openPool, type Pool, type PoolOptions } from './open-pool.ts';

/** Connections of the pool: all there are, those that nobody uses, and those who wait for one. */
export interface PoolCounts {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** A connection on loan, and what has to be sent before anything else on it. */
export interface Loan {
  readonly client: PoolClient;
  readonly before: '' | 'COMMIT; ';
}

interface OpenView {
  readonly client: PoolClient;
  readonly since: number;
}

/** In milliseconds: a view that is over is ended by whoever comes next on its connection, or after so long. */
const LINGER = 5;

/**
 * The connections to the database. A view that is over is not ended at once: the next transaction on its connection sends the end
 * together with its own beginning, which spares a message to the server and its answer. What lingers is ended a few
 * milliseconds later, so that no snapshot outlives its view for long.
 */
export class Connections {
  readonly #pool: Pool;
  readonly #lingering: OpenView[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.#pool = openPool(options);
  }

  get counts(): PoolCounts {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount + this.#lingering.length, waiting: waitingCount };
  }

  /** The one that was used last, whose caches are warmest. */
  async take(): Promise<Loan> {
    const lingering = this.#lingering.pop();
    if (lingering) return { client: lingering.client, before: 'COMMIT; ' };
    return { client: await this.#pool.connect(), before: '' };
  }

  /** One for statements outside of any transaction. */
  async takeAtRest(): Promise<PoolClient> {
    const { client, before } = await this.take();
    if (before !== '') {
      sendTogether(client);
      // Whether a view that has been read to its end ends well is nothing to those who come after it.
      client.query('COMMIT').catch(() => undefined);
    }
    return client;
  }

  /** Takes back the connection of a view that is over, and that met no error. */
  endLater(client: PoolClient): void {
    this.#lingering.push({ client, since: performance.now() });
    this.#timer ??= setTimeout(() => this.#endOld(), LINGER);
  }

  /** Takes a connection back when its last statement has been answered. One of which nobody knows where it stands is closed. */
  async endNow(client: PoolClient, last: Promise<unknown>): Promise<void> {
    try {
      await last;
      client.release();
    } catch (error) {
      client.release(error as Error);
    }
  }

  /** Closes every connection when it is given back. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#endAll(this.#lingering.splice(0));
    await this.#pool.end();
  }

  #endOld(): void {
    const now = performance.now();
    const young = this.#lingering.findIndex(({ since }) => now - since < LINGER);
    const old = this.#lingering.splice(0, young === -1 ? this.#lingering.length : young);
    this.#timer = this.#lingering.length > 0 ? setTimeout(() => this.#endOld(), LINGER) : undefined;
    void this.#endAll(old);
  }

  async #endAll(views: readonly OpenView[]): Promise<void> {
    await Promise.all(views.map(({ client }) => this.endNow(client, client.query('COMMIT'))));
  }
}
