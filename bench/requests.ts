import { Agent, type OutgoingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Makes requests over connections that are kept, the same way to every registry, so that what is compared are servers. */
export class Requests implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #origin: string;
  readonly #headers: OutgoingHttpHeaders;

  constructor(origin: string, headers: OutgoingHttpHeaders = {}) {
    this.#origin = origin;
    this.#headers = headers;
  }

  send(method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: Uint8Array): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const length = { 'content-length': body?.byteLength ?? 0 };
    const options = { method, agent: this.#agent, headers: { ...this.#headers, ...length, ...headers } };
    const outgoing = request(new URL(path, this.#origin), options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  /** As `send`, for a request that must be answered with `status`. */
  async expect(
    status: number,
    method: string,
    path: string,
    headers: OutgoingHttpHeaders = {},
    body?: Uint8Array,
  ): Promise<Answer> {
    const answer = await this.send(method, path, headers, body);
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString('utf8').slice(0, 500)}`);
    }
    return answer;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
