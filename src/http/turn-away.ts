import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../model/clock.ts';
import type { Ids } from '../model/ids.ts';
import { RETRY_AFTER, type Refusal } from './surface.ts';

/** In milliseconds: within that after a refusal nobody should have come again. */
const TOO_SOON = 1000 * Number(RETRY_AFTER);
/** In milliseconds: how long who comes too soon waits to hear that there is no room. */
const WAIT = 25;
/** In milliseconds: how long after a line about requests that were turned away the next one comes at the earliest. */
const SAID_EVERY = 10_000;

/**
 * Answers requests without what every other answer goes through: when too many come, each must cost little. Who was told to
 * come again in a second and comes at once hears of it a little later, on the same connection: refusing without end, as fast as
 * clients ask, would leave nothing for those who are served. There is one line in the log for many of them.
 */
export class TurnAway {
  readonly #logger: FastifyBaseLogger;
  readonly #clock: Clock;
  readonly #ids: Pick<Ids, 'uuid'>;
  readonly #refusedAt = new WeakMap<Socket, number>();
  #unsaid = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(around: { readonly logger: FastifyBaseLogger; readonly clock: Clock; readonly ids: Pick<Ids, 'uuid'> }) {
    this.#logger = around.logger;
    this.#clock = around.clock;
    this.#ids = around.ids;
  }

  answer({ method, socket }: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const now = this.#clock.now();
    const before = this.#refusedAt.get(socket);
    this.#refusedAt.set(socket, now);
    if (before === undefined || now - before >= TOO_SOON) this.#send(method, response, refusal);
    else setTimeout(() => this.#send(method, response, refusal), WAIT);
    this.#unsaid += 1;
    if (now - this.#saidAt < SAID_EVERY) return;
    this.#logger.warn({ refused: this.#unsaid }, 'requests are refused: there are more than can be worked on');
    this.#unsaid = 0;
    this.#saidAt = now;
  }

  #send(method: string | undefined, response: ServerResponse, { status, headers, body }: Refusal): void {
    const id = this.#ids.uuid();
    response.writeHead(status, { 'x-amzn-RequestId': id, 'Content-Length': Buffer.byteLength(body), ...headers });
    response.end(method === 'HEAD' ? undefined : body);
  }
}

/** Has `first` see each request before those who answer requests now; it calls `others` when they shall, be it later. */
export function answerFirst(
  server: Server,
  first: (request: IncomingMessage, response: ServerResponse, others: () => void) => void,
): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    first(request, response, () => {
      for (const listener of listeners) listener(request, response);
    });
  });
}
