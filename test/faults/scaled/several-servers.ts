import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../../bench/requests.ts';
import type { Dice } from '../load/dice.ts';
import type { Door, Wanted } from '../load/door.ts';

/** In milliseconds: a client that has heard nothing for so long gives up. */
const PATIENCE = 4000;
/** In milliseconds: how soon another server is asked where nobody listens. */
const AGAIN = 10;

export interface SeveralServersOptions {
  /** The origins of those that are there now. */
  readonly origins: () => readonly string[];
  readonly dice: Dice;
  readonly patience?: number;
}

/**
 * One registry behind several servers, without any stickiness: each request goes to one of them by chance, to another when
 * nobody listens there, as a balancer of load does it. Where it is sent elsewhere for the bytes of a blob, it goes there.
 */
export class SeveralServers implements Door {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #options: SeveralServersOptions;

  constructor(options: SeveralServersOptions) {
    this.#options = options;
  }

  origin(): string {
    const { origins, dice } = this.#options;
    return dice.oneOf(origins()) ?? 'http://127.0.0.1:1';
  }

  async send(make: (origin: string) => Wanted): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      const origin = this.origin();
      try {
        return await this.#follow(origin, make(origin));
      } catch (error) {
        // Nobody has heard the request.
        const isUnheard = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
        if (!isUnheard || tries === 5) throw error;
        await sleep(AGAIN);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #follow(origin: string, wanted: Wanted): Promise<Answer> {
    const answer = await this.#ask(new URL(wanted.path, origin), wanted);
    const { location } = answer.headers;
    if (answer.status !== 307 || wanted.method !== 'GET' || typeof location !== 'string') return answer;
    // Its address is all that it takes: what lets into the registry is nobody else's business.
    const headers = wanted.headers['range'] === undefined ? {} : { range: wanted.headers['range'] };
    return this.#ask(new URL(location, origin), { method: 'GET', path: location, headers });
  }

  #ask(url: URL, { method, headers, body }: Wanted): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { patience = PATIENCE } = this.#options;
    const all = { 'content-length': body?.byteLength ?? 0, ...headers };
    const outgoing = request(url, { method, agent: this.#agent, headers: all }, (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const { statusCode: status = 0, headers } = incoming;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    const giveUp = setTimeout(() => outgoing.destroy(new Error(`no answer in ${patience} ms`)), patience);
    return promise.finally(() => clearTimeout(giveUp));
  }
}
