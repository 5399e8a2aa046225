import type { FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { BodyInterrupted } from '../../src/http/body-interrupted.ts';
import { readBody } from '../../src/http/read-body.ts';
import { dial, startServer, until } from './test-server.ts';

const PER_SECOND = 1000;
const WINDOW = 60_000;
const POST = 'POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n';

/** A server whose clock the test turns, and which looks at its connections every few milliseconds. */
async function watching(addRoutes?: (server: FastifyInstance) => void, lingerMs = 60_000) {
  let now = 1_000_000;
  const seen: { bytes: number; outcome: unknown } = { bytes: 0, outcome: undefined };
  const take = (server: FastifyInstance) => {
    server.post('/take', async (request) => {
      request.raw.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      try {
        await readBody(request.raw, { limit: 10_000_000 });
      } catch (error) {
        seen.outcome = error;
      }
      return 'taken';
    });
  };
  const { port } = await startServer(addRoutes ?? take, {
    clock: { now: () => now },
    limits: { lookMs: 2, bodyBytesPerSecond: PER_SECOND, bodyWindowMs: WINDOW, lingerMs, idleMs: 100 },
  });
  /** Some looks of the watch later. */
  const looks = () => new Promise((resolve) => setTimeout(resolve, 20));
  return {
    port,
    seen,
    looks,
    turn: async (ms: number) => {
      await looks();
      now += ms;
      await looks();
    },
  };
}

test('an upload that trickles is cut off after the window', async () => {
  const { port, seen, turn } = await watching();
  const { socket, closed } = dial(port);
  socket.write(`${POST}slow`);
  await until(() => seen.bytes === 4);
  await turn(WINDOW - 1);
  expect(socket.closed).toBe(false);
  socket.write('.'.repeat(100));
  await until(() => seen.bytes === 104);
  await turn(1);
  expect(await closed).toBe('');
  await until(() => seen.outcome !== undefined);
  expect(seen.outcome).toBeInstanceOf(BodyInterrupted);
});

test('an upload that keeps above the floor goes on for as long as it likes', async () => {
  const { port, seen, turn } = await watching();
  const { socket } = dial(port);
  socket.write(POST);
  for (let minutes = 1; minutes <= 5; minutes += 1) {
    socket.write('x'.repeat((PER_SECOND * WINDOW) / 1000));
    await until(() => seen.bytes === minutes * PER_SECOND * 60);
    await turn(WINDOW - 1);
  }
  expect(socket.closed).toBe(false);
});

test('a client is not blamed for bytes that the server does not read', async () => {
  let reached = false;
  const { port, turn } = await watching((server) => {
    server.post('/take', () => {
      reached = true;
      return new Promise(() => {});
    });
  });
  const { socket } = dial(port);
  socket.write(`${POST}waiting`);
  await until(() => reached);
  await turn(WINDOW);
  await turn(WINDOW);
  expect(socket.closed).toBe(false);
});

test('a body that goes on after the answer may linger, but not for long', async () => {
  const { port } = await watching((server) => {
    server.post('/take', async (_request, reply) => reply.code(401).send('no'));
  }, 30);
  const { socket, received, closed } = dial(port);
  socket.write(`${POST}first`);
  await until(() => received().endsWith('no'));
  socket.write('more');
  expect(await closed).toMatch(/^HTTP\/1\.1 401 /);
});

test('the rest of a body that its route has paused is discarded after the answer', async () => {
  const { port } = await watching((server) => {
    server.post('/take', (request, reply) => {
      request.raw.once('data', () => {
        request.raw.pause();
        reply.send('enough');
      });
    });
  });
  const { socket, received } = dial(port);
  socket.write('POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000004\r\n\r\nfour');
  await until(() => received().endsWith('enough'));
  socket.write(`${'x'.repeat(1_000_000)}GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(() => received().endsWith('ok\n'));
});

test('an answer that nobody reads is given up, a request that the server works on is not', async () => {
  const finished: string[] = [];
  const { port } = await watching((server) => {
    server.get('/big', (_request, reply) => {
      reply.raw.once('close', () => finished.push('big'));
      return reply.send(Buffer.alloc(50_000_000));
    });
    server.get('/long', (_request, reply) => {
      reply.raw.once('close', () => finished.push('long'));
      return new Promise(() => {});
    });
  });
  const reader = dial(port);
  reader.socket.pause();
  reader.socket.write('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const patient = dial(port);
  patient.socket.write('GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => finished.length > 0);
  expect(finished).toEqual(['big']);
  expect(patient.socket.closed).toBe(false);
});

test('a connection that has gone idle is closed', async () => {
  const { port } = await startServer(undefined, { limits: { keepAliveMs: 1, lookMs: 10 } });
  const { socket, received, closed } = dial(port);
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => received().endsWith('ok\n'));
  await closed;
});
