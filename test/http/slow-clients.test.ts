import type { FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { readBody } from '../../src/http/read-body.ts';
import { dial, parseAnswer, request, startServer, until } from './test-server.ts';

const WINDOW = 60_000;

/** Connections that begin with these bytes and then do nothing more, nor read. */
function stall(port: number, count: number, bytes: string) {
  return Array.from({ length: count }, () => {
    const { socket } = dial(port);
    socket.pause();
    socket.write(bytes);
    return socket;
  });
}

test('clients who are stuck in their headers, in their bodies and in their answers are all cut off, and others are served', async () => {
  let now = 0;
  let begun = 0;
  const addRoutes = (server: FastifyInstance) => {
    server.post('/take', async ({ raw }) => {
      begun += 1;
      await readBody(raw, { limit: 1_000_000 });
      return 'taken';
    });
    server.get('/big', (_request, reply) => {
      begun += 1;
      return reply.send(Buffer.alloc(10_000_000));
    });
  };
  const { port, server } = await startServer(addRoutes, {
    clock: { now: () => now },
    limits: { headersMs: 500, lookMs: 10, idleMs: 500, keepAliveMs: 500, bodyBytesPerSecond: 1, bodyWindowMs: WINDOW },
  });
  const open = () => new Promise<number>((resolve) => server.server.getConnections((_error, count) => resolve(count)));

  const stalled = [
    ...stall(port, 100, 'GET /livez HTTP/1.1\r\nHost: local'),
    ...stall(port, 50, 'POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow'),
    ...stall(port, 20, 'GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ];
  await until(() => begun === 70);
  const body = 'x'.repeat(1000);
  const lines = ['Host: localhost', `Content-Length: ${body.length}`];
  expect(parseAnswer(await request(port, 'POST /take', lines, body)).body).toBe('taken');
  // The patience with bodies is measured by this clock; the first look may only begin a window.
  for (let looks = 0; looks < 2; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    now += WINDOW;
  }
  while ((await open()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(parseAnswer(await request(port, 'POST /take', lines, body)).body).toBe('taken');
  for (const socket of stalled) socket.resume();
  await until(() => stalled.every((socket) => socket.closed));
});
