import type { IncomingMessage } from 'node:http';
import { signRequest } from '../../aws/sigv4/sign-request.ts';
import type { ServerAccess } from '../../config/server-access.ts';
import type { Clock } from '../../model/clock.ts';
import { linesOf } from './lines-of.ts';
import { asServerError, cutShort, refusalIn, ServerError, strangeAnswer, unreachable } from './server-error.ts';

const PREFIX = '/_berth/v1/';
/** What one document may have at most: a page of a listing is far below. */
const MAX_DOCUMENT = 64 * 1024 * 1024;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly body: Uint8Array;
  /** Gives the call up: the connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Speaks to the operator's API of a server that runs.
 *
 * Every method throws ServerError for what the person at the terminal should read: nobody answers, somebody else does, the
 * server refuses, the answer ends too early.
 */
export class BerthClient {
  readonly #access: ServerAccess;
  readonly #clock: Clock;

  constructor(access: ServerAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  get endpoint(): string {
    return this.#access.endpoint;
  }

  /** Parameters that are `undefined` are left out. */
  async get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    // As `encodeURIComponent` writes them: a space as %20, which is how signatures read it.
    const pairs = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
    const target = `${PREFIX}${path}${pairs.length > 0 ? '?' : ''}${pairs.join('&')}`;
    return (await this.#document({ method: 'GET', target, body: Buffer.alloc(0) })) as T;
  }

  async post<T>(path: string, input: object): Promise<T> {
    return (await this.#document(postOf(path, input))) as T;
  }

  /** The lines of an answer that comes as it is made. The last is of kind `total`; without it the answer was cut short. */
  async *lines<T extends { readonly kind: string }>(
    path: string,
    input: object,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void> {
    const answer = await this.#send({ ...postOf(path, input), signal });
    if (answer.statusCode !== 200) throw this.#refused(answer, await this.#read(answer));
    try {
      for await (const document of linesOf(answer)) {
        const line = document as T;
        const refusal = line.kind === 'error' ? refusalIn(document) : undefined;
        if (refusal !== undefined) throw asServerError(refusal, this.endpoint);
        yield line;
        if (line.kind === 'total') return;
      }
    } catch (error) {
      throw error instanceof ServerError ? error : cutShort(this.endpoint, error);
    } finally {
      answer.destroy();
    }
    throw cutShort(this.endpoint);
  }

  async #document(call: Call): Promise<unknown> {
    const answer = await this.#send(call);
    const document = await this.#read(answer);
    const { statusCode: status = 0 } = answer;
    if (status < 200 || status > 299 || typeof document !== 'object') throw this.#refused(answer, document);
    return document;
  }

  #refused({ statusCode: status = 0 }: IncomingMessage, document: unknown): Error {
    const refusal = refusalIn(document);
    return refusal === undefined ? strangeAnswer(this.endpoint, status) : asServerError(refusal, this.endpoint);
  }

  /** The whole answer; `undefined` if it is no JSON. */
  async #read(answer: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MAX_DOCUMENT) return undefined;
        chunks.push(chunk);
      }
    } catch (error) {
      throw cutShort(this.endpoint, error);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  async #send({ method, target, body, signal }: Call): Promise<IncomingMessage> {
    const { endpoint, ...keys } = this.#access;
    const { protocol, host } = new URL(endpoint);
    const headers = signRequest(
      {
        method,
        target,
        headers: { host, ...(method === 'POST' && { 'content-type': 'application/json' }) },
        body,
      },
      { ...keys, service: 'ecr', at: this.#clock.now() },
    );
    // Not before they are needed: loading all that these modules have takes a tenth of a start, of `serve` as well.
    const { request } = await (protocol === 'https:' ? import('node:https') : import('node:http'));
    return new Promise((resolve, reject) => {
      // No time limit: a round of collection or a check answers when it is over.
      const sent = request(`${endpoint}${target}`, {
        method,
        headers: { ...headers, ...(method === 'POST' && { 'content-length': body.byteLength }) },
        agent: false,
        signal,
      });
      sent.on('response', resolve);
      sent.on('error', (cause) => reject(unreachable(endpoint, cause)));
      sent.end(body);
    });
  }
}

function postOf(path: string, input: object): Call {
  return { method: 'POST', target: PREFIX + path, body: Buffer.from(JSON.stringify(input)) };
}
