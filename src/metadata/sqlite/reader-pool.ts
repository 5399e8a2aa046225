import type { Connection } from './connection.ts';

/**
 * Connections to read with, each for one at a time. Whoever comes takes the one that was given back last, whose cache is
 * warmest; when all are taken, they wait in order of arrival for whichever comes back first.
 */
export class ReaderPool {
  readonly #all: readonly Connection[];
  readonly #idle: Connection[];
  readonly #waiting: ((connection: Connection) => void)[] = [];

  constructor(connections: readonly Connection[]) {
    this.#all = connections;
    this.#idle = [...connections];
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Closes the connections when all who came before have had one. Those who come later find them closed. */
  async close(): Promise<void> {
    const taken = await Promise.all(this.#all.map(() => this.#take()));
    for (const connection of taken) connection.close();
    for (const connection of taken) this.#giveBack(connection);
  }

  #take(): Promise<Connection> {
    const idle = this.#idle.pop();
    if (idle) return Promise.resolve(idle);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }
}
