import { Connection } from './connection.ts';
import type { Kind } from './requests.ts';

/** How long requests took, in milliseconds, by what became of them. */
export class Timings {
  readonly served = new Map<string, number[]>();
  readonly refused: number[] = [];

  note({ name, served, refused }: Kind, status: number, ms: number): void {
    if (status === served) {
      const times = this.served.get(name) ?? [];
      this.served.set(name, times);
      times.push(ms);
    } else if (status === refused) this.refused.push(ms);
    else throw new Error(`${name} was answered ${status}`);
  }

  get servedCount(): number {
    return [...this.served.values()].reduce((sum, times) => sum + times.length, 0);
  }
}

export interface LoadOptions {
  readonly origin: string;
  readonly kinds: readonly Kind[];
  readonly clients: number;
  /** In milliseconds. */
  readonly lasting: number;
  /** What happens in the first so many milliseconds is not counted. */
  readonly settling: number;
}

/** So many clients, all connected before they begin, each sending one request after the other, without a rest, whatever the answer. */
export async function runLoad({ origin, kinds, clients, lasting, settling }: LoadOptions): Promise<Timings> {
  const timings = new Timings();
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.to(origin)));
  const began = performance.now();
  const client = async (connection: Connection, number: number) => {
    using _ = connection;
    for (let turn = number; performance.now() < began + lasting; turn++) {
      const kind = kinds[turn % kinds.length];
      if (kind === undefined) return;
      const sent = performance.now();
      const status = await connection.send(kind.text);
      const now = performance.now();
      if (sent >= began + settling) timings.note(kind, status, now - sent);
    }
  };
  await Promise.all(connections.map(client));
  return timings;
}

/** Asks for health some ten times a second as long as the work takes, each time over a new connection, as probes do. */
export async function probeDuring<T>(origin: string, work: Promise<T>): Promise<{ result: T; probes: number[] }> {
  const text = `GET /readyz HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n\r\n`;
  const probes: number[] = [];
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  while (!over) {
    const sent = performance.now();
    using connection = await Connection.to(origin);
    const status = await connection.send(text);
    if (status !== 200) throw new Error(`/readyz was answered ${status}`);
    probes.push(performance.now() - sent);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { result: await done, probes };
}
