import { type ClientRequest, request } from 'node:http';
import aws4 from 'aws4';
import type { Answer } from '../../../bench/requests.ts';
import { type Door, OneServer, type Wanted } from './door.ts';
import type { Journal, Outcome } from './findings.ts';

export interface Reply {
  readonly outcome: Outcome;
  /** 0 when no answer came. */
  readonly status: number;
  readonly headers: Answer['headers'];
  readonly body: Buffer;
  /** `performance.now()` before the request was sent. */
  readonly sent: number;
}

const KEY = { accessKeyId: 'AKIALOAD', secretAccessKey: 'load' };
const API = 'AmazonEC2ContainerRegistry_V20150921';

/** The server ended before it had answered the first request. */
export class ServerGone extends Error {}

/** Speaks to one registry over both wires. No answer is an answer, too: nothing here throws because a server was killed. */
export class Wire implements Disposable {
  readonly #door: Door;
  readonly #journal: Journal;
  readonly #client: string;
  #authorization = '';

  private constructor(door: Door, journal: Journal, client: string) {
    this.#door = door;
    this.#journal = journal;
    this.#client = client;
  }

  /**
   * Goes in by this door, or to the one server that is there. Disposing closes it.
   *
   * @throws {ServerGone} when no answer comes; another error when the server does not hand out a password
   */
  static async connect(to: Door | string, journal: Journal): Promise<Wire> {
    const wire = new Wire(typeof to === 'string' ? new OneServer(to) : to, journal, 'nobody');
    const reply = await wire.api('GetAuthorizationToken', {});
    if (reply.status === 0) throw new ServerGone(reply.body.toString('utf8'));
    const { authorizationData: [token] = [] } = jsonOf<{ authorizationData?: { authorizationToken: string }[] }>(reply);
    if (token === undefined) throw new Error(`no password: ${reply.status} ${reply.body.toString('utf8')}`);
    wire.#authorization = `Basic ${token.authorizationToken}`;
    return wire;
  }

  /** The same connections, lent to a client of this name. */
  lendTo(client: string): Wire {
    const wire = new Wire(this.#door, this.#journal, client);
    wire.#authorization = this.#authorization;
    return wire;
  }

  /** A request of the distribution protocol. `path` is what follows the origin, or a Location. */
  oci(
    operation: string,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array,
  ): Promise<Reply> {
    const all = { authorization: this.#authorization, ...headers };
    return this.#send(operation, path, () => ({ method, path, headers: all, body }));
  }

  /** A call of the ECR API, signed. */
  api(operation: string, input: object): Promise<Reply> {
    const headers = { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `${API}.${operation}` };
    return this.#post(operation, '/', headers, input);
  }

  /** A request of the operator's API, signed. */
  operate(request: string, input: object): Promise<Reply> {
    return this.#post(request, `/_berth/v1/${request}`, { 'Content-Type': 'application/json' }, input);
  }

  #post(operation: string, path: string, headers: Readonly<Record<string, string>>, input: object): Promise<Reply> {
    const body = Buffer.from(JSON.stringify(input));
    return this.#send(operation, body.toString('utf8', 0, 300), (origin) => {
      const host = { Host: new URL(origin).host };
      const request = {
        service: 'ecr',
        region: 'us-east-1',
        method: 'POST',
        path,
        headers: { ...host, ...headers },
        body,
      };
      return { method: 'POST', path, headers: aws4.sign(request, KEY).headers, body };
    });
  }

  /** Sends the beginning of a chunk and hangs up. */
  async breakOff(path: string, bytes: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const headers = {
      authorization: this.#authorization,
      'content-type': 'application/octet-stream',
      'content-length': bytes.byteLength + 1000,
    };
    const outgoing: ClientRequest = request(new URL(path, this.#door.origin()), { method: 'PATCH', headers });
    outgoing.on('error', () => resolve());
    outgoing.on('close', () => resolve());
    outgoing.write(bytes, () => setTimeout(() => outgoing.destroy(), 5));
    await promise;
  }

  async #send(operation: string, about: string, make: (origin: string) => Wanted): Promise<Reply> {
    const sent = performance.now();
    const { status, headers, body } = await this.#door
      .send(make)
      .catch((error: Error): Answer => ({ status: 0, headers: {}, body: Buffer.from(error.message) }));
    const unheard = status === 0 || status >= 500 || this.#journal.powerIsGone;
    const outcome = unheard ? 'unknown' : status >= 400 ? 'refused' : 'ok';
    const answer = String(headers['docker-content-digest'] ?? body.toString('utf8', 0, 300));
    const ended = performance.now();
    this.#journal.record({ client: this.#client, operation, about, outcome, status, answer, began: sent, ended });
    return { outcome, status, headers, body, sent };
  }

  [Symbol.dispose](): void {
    this.#door[Symbol.dispose]();
  }
}

/** The body as JSON; of a server that has not answered, an empty object. */
export function jsonOf<T extends object>({ body, status }: Reply): Partial<T> {
  return status === 0 || body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as Partial<T>);
}

/** A reply as a finding quotes it. */
export function quote({ status, body }: Reply): string {
  return `${status} ${body.toString('utf8').slice(0, 300)}`;
}
