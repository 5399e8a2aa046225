import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { createServer, type ServerOptions } from '../../src/http/create-server.ts';
import { localHostCheck } from '../../src/http/host-check.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogger } from '../../src/http/logger.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** A server on a free port whose log lines are kept, with request ids `id-1`, `id-2` … It ends with the test. */
export async function startServer(
  addRoutes: (server: FastifyInstance) => void = () => {},
  options: Partial<ServerOptions> = {},
): Promise<{ server: FastifyInstance; port: number; log: LogLine[] }> {
  const log: LogLine[] = [];
  let count = 0;
  const server = createServer({
    logger: createLogger(
      { level: 'trace', format: 'json' },
      { write: (line) => log.push(JSON.parse(line) as LogLine) },
    ),
    ids: {
      uuid: () => {
        count += 1;
        return `id-${count}`;
      },
    },
    hostAllowed: localHostCheck({ domains: [] }),
    ...options,
  });
  addRoutes(server);
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    server.server.closeAllConnections();
    await server.close();
  });
  return { server, port, log };
}

/** A connection that collects what it receives. */
export function dial(port: number): { socket: Socket; received: () => string; closed: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => {
    text += data;
  });
  // A reset after the answer is an end like any other; what was received is what counts.
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  onTestFinished(() => {
    socket.destroy();
  });
  return { socket, received: () => text, closed };
}

/** Sends bytes as they are and answers everything that comes back until the server closes the connection. */
export function send(port: number, bytes: string): Promise<string> {
  const { socket, closed } = dial(port);
  socket.write(bytes, 'latin1');
  return closed;
}

/** A request that asks the server to close the connection; `lines` are its header lines. */
export function request(port: number, target: string, lines: readonly string[] = ['Host: localhost'], body = '') {
  return send(port, `${target} HTTP/1.1\r\n${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function parseAnswer(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}

/** Waits until `condition` holds, which something already under way must bring about. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
