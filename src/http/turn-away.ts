import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../model/clock.ts';
import type { Ids } from '../model/ids.ts';
import type { Refusal } from './surface.ts';

/** In milliseconds: how long after a line about requests that were turned away the next one comes at the earliest. */
const SAID_EVERY = 10_000;

/**
 * Answers requests at once, without what every other answer goes through: when too many come, each must cost little. There
 * is one line in the log for many of them.
 */
export class TurnAway {
  readonly #logger: FastifyBaseLogger;
  readonly #clock: Clock;
  readonly #ids: Pick<Ids, 'uuid'>;
  #unsaid = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(around: { readonly logger: FastifyBaseLogger; readonly clock: Clock; readonly ids: Pick<Ids, 'uuid'> }) {
    this.#logger = around.logger;
    this.#clock = around.clock;
    this.#ids = around.ids;
  }

  answer({ method }: IncomingMessage, response: ServerResponse, { status, headers, body }: Refusal): void {
    const id = this.#ids.uuid();
    response.writeHead(status, { 'x-amzn-RequestId': id, 'Content-Length': Buffer.byteLength(body), ...headers });
    response.end(method === 'HEAD' ? undefined : body);
    this.#unsaid += 1;
    const now = this.#clock.now();
    if (now - this.#saidAt < SAID_EVERY) return;
    this.#logger.warn({ refused: this.#unsaid }, 'requests are refused: there are more than can be worked on');
    this.#unsaid = 0;
    this.#saidAt = now;
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
