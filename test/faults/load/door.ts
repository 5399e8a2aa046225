import { type Answer, Requests } from '../../../bench/requests.ts';

/** A request before it is sent. `path` may be a whole address. */
export interface Wanted {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | undefined;
}

/** The way into a registry, which may be one server or several. */
export interface Door extends Disposable {
  /** The origin of a server that would take the next request. */
  origin(): string;
  /**
   * Makes a request of whichever server it is to go to: a signature is over the server's name.
   *
   * @throws when no answer comes
   */
  send(make: (origin: string) => Wanted): Promise<Answer>;
}

/** All requests go to one server. */
export class OneServer implements Door {
  readonly #origin: string;
  readonly #requests: Requests;

  constructor(origin: string) {
    this.#origin = origin;
    this.#requests = new Requests(origin);
  }

  origin(): string {
    return this.#origin;
  }

  send(make: (origin: string) => Wanted): Promise<Answer> {
    const { method, path, headers, body } = make(this.#origin);
    return this.#requests.send(method, path, headers, body);
  }

  [Symbol.dispose](): void {
    this.#requests[Symbol.dispose]();
  }
}
