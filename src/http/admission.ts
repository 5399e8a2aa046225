import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pace } from './pace.ts';
import type { Refusal, Surface } from './surface.ts';

export interface AdmissionLimits {
  /** How many requests may be in hand. */
  readonly requests: number;
  /** How many more are taken in hand when many come at once, before the next are refused. */
  readonly burst: number;
  /** In milliseconds: how long it takes until a burst that has been used up may be had again. */
  readonly burstMs: number;
  /** How many requests may be open at all, those that wait for their clients included. */
  readonly open: number;
  /** How many are begun in one turn of the event loop. */
  readonly perTurn: number;
}

/** As much as takes some milliseconds, and enough to share a commit. */
const PER_TURN = 16;

/** The rule for a server that may have so many requests in hand. */
export function limitsFor(requests: number): AdmissionLimits {
  return { requests, burst: 4 * requests, burstMs: 10_000, open: Math.max(4096, 8 * requests), perTurn: PER_TURN };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Decides before any work begins whether a request is taken in hand. One more than the server can work on would only make
 * all others wait longer; refused at once, it costs little, and its client comes again. A burst is taken all the same, for
 * not every client comes again; what is refused is a standing queue.
 *
 * A request is in hand while the server works on it, and not while it waits for its client: for a body that trickles in, or
 * until an answer is read. Those that wait cost memory and nothing else, and are bounded as such. Requests of other
 * surfaces than those given here, health and the operator's, are not counted and never refused.
 */
export class Admission {
  readonly #surfaces: readonly Surface[];
  readonly #limits: AdmissionLimits;
  readonly #stopwatch: () => number;
  readonly #inHand = new Set<Exchange>();
  readonly #waiting = new Set<Exchange>();
  readonly #pace: Pace;
  #burst: number;
  #filledAt: number;

  /** `stopwatch` tells milliseconds since any moment that stays the same. */
  constructor(
    surfaces: readonly Surface[],
    limits: AdmissionLimits,
    stopwatch: () => number = () => performance.now(),
  ) {
    this.#surfaces = surfaces;
    this.#limits = limits;
    this.#stopwatch = stopwatch;
    this.#pace = new Pace(limits.perTurn);
    this.#burst = limits.burst;
    this.#filledAt = stopwatch();
  }

  /** How many requests the server works on. */
  get inHand(): number {
    this.#setAside();
    return this.#inHand.size;
  }

  /** How many wait for their clients. */
  get waiting(): number {
    this.#setAside();
    return this.#waiting.size;
  }

  /** Takes the request in hand until its answer is over, and begins it in its turn; or answers what to refuse it with. */
  take(request: IncomingMessage, response: ServerResponse, begin: () => void): Refusal | undefined {
    const surface = this.#surfaces.find(({ covers }) => covers(request));
    if (surface === undefined) {
      begin();
      return undefined;
    }
    if (!this.#hasRoom()) return surface.busy;
    const exchange = { request, response };
    this.#inHand.add(exchange);
    response.once('close', () => {
      this.#inHand.delete(exchange);
      this.#waiting.delete(exchange);
    });
    this.#pace.begin(begin);
    return undefined;
  }

  #hasRoom(): boolean {
    const { requests, open } = this.#limits;
    if (this.#inHand.size + this.#waiting.size >= open) return false;
    if (this.#inHand.size < requests) return true;
    this.#setAside();
    return this.#inHand.size < requests || this.#takeOfBurst();
  }

  /** What is left of a burst comes back little by little, not with the first gap: work that ends in groups has many gaps. */
  #takeOfBurst(): boolean {
    const { burst, burstMs } = this.#limits;
    const now = this.#stopwatch();
    this.#burst = Math.min(burst, this.#burst + ((now - this.#filledAt) * burst) / burstMs);
    this.#filledAt = now;
    if (this.#burst < 1) return false;
    this.#burst -= 1;
    return true;
  }

  #setAside(): void {
    for (const exchange of this.#inHand) {
      if (!isWaiting(exchange)) continue;
      this.#inHand.delete(exchange);
      this.#waiting.add(exchange);
    }
  }
}

/** Whether it is the client's turn. Bytes that wait in the buffer wait for us. */
function isWaiting({ request, response }: Exchange): boolean {
  return response.headersSent || (!request.complete && request.readableLength === 0);
}
