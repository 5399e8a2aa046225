import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * How a network is cut. `reset`: connections break at once, and so do new ones. `silence`: nothing comes through any more and
 * nobody is told; what was under way arrives when the network is whole again, however late, as bytes do that are sent again.
 */
export type Cut = 'reset' | 'silence';

/** The network between a program and a server on this machine. */
export interface CutProxy extends AsyncDisposable {
  readonly port: number;
  cut(how: Cut): void;
  /** Makes it whole again. Connections that were silent go on; or they break, as when they had been given up. */
  heal(after?: 'go on' | 'break'): void;
  /**
   * Fulfils when something is sent to the server that matches, before any of it arrives there: `act` is run first, and may cut.
   * What is sent in one piece is looked at by itself.
   */
  catchNext(pattern: RegExp, act: () => void): Promise<void>;
  /** Waits for nothing any more. */
  catchNothing(): void;
}

type State = Cut | 'whole';

interface Network {
  state: State;
  readonly port: number;
  readonly look: (bytes: Buffer) => void;
}

/** Forwards to this port of this machine, over a port of its own. */
export async function startCutProxy(to: number): Promise<CutProxy> {
  const links = new Set<Link>();
  let watch: { readonly pattern: RegExp; readonly act: () => void; readonly caught: () => void } | undefined;
  const look = (bytes: Buffer) => {
    if (!watch?.pattern.test(bytes.toString('latin1'))) return;
    const { act, caught } = watch;
    watch = undefined;
    act();
    caught();
  };
  const network: Network = { state: 'whole', port: to, look };
  const listener = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    const link = new Link(client, network);
    links.add(link);
    link.follow();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const turn = (state: State) => {
    network.state = state;
    for (const link of links) {
      link.follow();
      if (link.isOver) links.delete(link);
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    cut: turn,
    heal: (after = 'go on') => {
      if (after === 'break') turn('reset');
      turn('whole');
    },
    catchNext: (pattern, act) =>
      new Promise<void>((caught) => {
        watch = { pattern, act, caught };
      }),
    catchNothing: () => {
      watch = undefined;
    },
    [Symbol.asyncDispose]: async () => {
      turn('reset');
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

/** One connection through the network. */
class Link {
  readonly #client: Socket;
  readonly #network: Network;
  #server: Socket | undefined;
  /** What came just when the network fell silent. */
  readonly #held: (() => void)[] = [];

  constructor(client: Socket, network: Network) {
    this.#client = client;
    this.#network = network;
    client.on('error', () => undefined);
  }

  /** Does what the state of the network asks for. */
  follow(): void {
    const { state } = this.#network;
    if (state === 'silence') {
      // Unread, an end and an error stay as unknown as the bytes.
      for (const side of this.#sides) side.pause();
    } else if (state === 'reset' || this.#sides.some((side) => side.destroyed)) this.#break();
    else this.#goOn();
  }

  get isOver(): boolean {
    return this.#sides.every((side) => side.destroyed);
  }

  get #sides(): Socket[] {
    return this.#server ? [this.#client, this.#server] : [this.#client];
  }

  #goOn(): void {
    if (!this.#server) {
      const { port, look } = this.#network;
      this.#server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      this.#server.on('error', () => undefined);
      this.#pass(this.#client, this.#server, look);
      this.#pass(this.#server, this.#client, () => {});
    }
    for (const pass of this.#held.splice(0)) pass();
    for (const side of this.#sides) side.resume();
  }

  #pass(from: Socket, to: Socket, look: (bytes: Buffer) => void): void {
    const unlessSilent = (pass: () => void) => {
      if (this.#network.state === 'silence') this.#held.push(pass);
      else pass();
    };
    from.on('data', (bytes) => {
      look(bytes);
      unlessSilent(() => {
        if (!to.writable || to.write(bytes)) return;
        from.pause();
        to.once('drain', () => unlessSilent(() => from.resume()));
      });
    });
    from.on('end', () => unlessSilent(() => to.end()));
    from.on('close', (hadError) => {
      if (hadError) unlessSilent(() => breakOff(to));
    });
  }

  #break(): void {
    for (const side of this.#sides) breakOff(side);
  }
}

/** With a reset, where nothing has been ended yet: libuv resets no connection that it has begun to shut down. */
function breakOff(side: Socket): void {
  if (side.writableEnded) side.destroy();
  else side.resetAndDestroy();
}
