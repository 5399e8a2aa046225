import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { closeWithin } from '../../src/http/draining.ts';
import { dial, parseAnswer, startServer, until } from './test-server.ts';

const GET = 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A server with one route that answers when it is told to. */
async function slowServer() {
  const gate = Promise.withResolvers<void>();
  let reached = 0;
  const started = await startServer((server) => {
    server.get('/slow', async () => {
      reached += 1;
      await gate.promise;
      return 'done';
    });
    server.get('/streaming', (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': '8' });
      reply.raw.write('half');
      reached += 1;
      void gate.promise.then(() => reply.raw.end('full'));
    });
  });
  return { ...started, open: gate.resolve, reached: () => reached };
}

test('close waits for requests in flight, answers them in full and takes no new connection', async () => {
  const { server, port, open, reached } = await slowServer();
  const { socket, closed } = dial(port);
  socket.write(GET);
  await until(() => reached() === 1);
  const closing = closeWithin(server, 60_000);
  await until(() => !server.server.listening);
  expect(await dial(port).closed).toBe('');
  open();
  const answer = parseAnswer(await closed);
  expect(answer).toMatchObject({ status: 200, body: 'done' });
  expect(answer.headers['connection']).toBe('close');
  await closing;
});

test('close does not wait for the idle connection of a client, nor for one whose answer had begun', async () => {
  const { server, port, open, reached } = await slowServer();
  const idle = dial(port);
  idle.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => idle.received().endsWith('ok\n'));
  const streaming = dial(port);
  streaming.socket.write('GET /streaming HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => reached() === 1);
  const closing = closeWithin(server, 60_000);
  await idle.closed;
  open();
  expect(await streaming.closed).toMatch(/halffull$/);
  await closing;
});

test('a request that was under way when the server began to stop is served, and told that it is not ready', async () => {
  const { server, port } = await slowServer();
  const sockets: Socket[] = [];
  server.server.on('connection', (socket) => sockets.push(socket));
  const { socket, closed } = dial(port);
  socket.write('GET /readyz HTTP/1.1\r\nHost: loc');
  await until(() => (sockets[0]?.bytesRead ?? 0) > 0);
  const closing = closeWithin(server, 60_000);
  await until(() => !server.server.listening);
  socket.write('alhost\r\n\r\n');
  const answer = parseAnswer(await closed);
  expect(answer).toMatchObject({ status: 503, body: 'not ready\n' });
  expect(answer.headers['connection']).toBe('close');
  await closing;
});

test('requests that outlast the grace are cut', async () => {
  const { server, port, reached } = await slowServer();
  const { socket, closed } = dial(port);
  socket.write(GET);
  await until(() => reached() === 1);
  await closeWithin(server, 20);
  expect(await closed).toBe('');
});
