import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bodyChunks } from '../../src/http/body-chunks.ts';
import { BodyInterrupted } from '../../src/http/body-interrupted.ts';
import { readBody } from '../../src/http/read-body.ts';
import { isFault } from '../../src/model/fault.ts';
import { dial, parseAnswer, request, startServer, until } from './test-server.ts';

const LIMIT = 10;

/** A server that answers with the length of the body, and keeps what reading it threw. */
async function measuring() {
  const thrown: unknown[] = [];
  const { port, log } = await startServer((server: FastifyInstance) => {
    server.post('/whole', async (req) => {
      try {
        return String((await readBody(req.raw, { limit: LIMIT })).length);
      } catch (error) {
        thrown.push(error);
        throw error;
      }
    });
    server.post('/chunks', async (req, reply) => {
      let length = 0;
      try {
        for await (const chunk of bodyChunks(req.raw)) {
          length += chunk.length;
          if (length > LIMIT) return reply.code(400).send('enough');
        }
      } catch (error) {
        thrown.push(error);
        throw error;
      }
      return String(length);
    });
  });
  return { port, thrown, log };
}

const withLength = (length: number) => ['Host: localhost', `Content-Length: ${length}`];
const CHUNKED = ['Host: localhost', 'Transfer-Encoding: chunked'];

describe('readBody', () => {
  test.each([
    ['no body at all', ['Host: localhost'], '', '0'],
    ['an empty body', withLength(0), '', '0'],
    ['a body up to the limit', withLength(10), '0123456789', '10'],
    ['chunks up to the limit', CHUNKED, '5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n', '10'],
  ])('answers %s', async (_what, lines, body, length) => {
    const { port } = await measuring();
    expect(parseAnswer(await request(port, 'POST /whole', lines, body))).toMatchObject({ status: 200, body: length });
  });

  test('answers exactly the bytes, however they are cut', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    for (const size of [1_000, 65_536, 65_537, 299_999, 300_000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const body = await readBody(Readable.from(chunks, { objectMode: false }), { limit: 300_000 });
      expect(body.equals(bytes)).toBe(true);
    }
  });

  test('refuses a body whose Content-Length says too much before a byte of it has come', async () => {
    const { port, thrown } = await measuring();
    const { socket, received } = dial(port);
    socket.write(`POST /whole HTTP/1.1\r\n${withLength(10_000_000_000_000).join('\r\n')}\r\n\r\n`);
    await until(() => received().includes('}'));
    expect(parseAnswer(received())).toMatchObject({
      status: 413,
      body: expect.stringContaining('larger than 10 bytes'),
    });
    expect(isFault(thrown[0], 'RequestTooLarge')).toBe(true);
  });

  test('refuses chunks as soon as they exceed the limit, and the connection goes on behind their end', async () => {
    const { port } = await measuring();
    const { socket, received } = dial(port);
    socket.write(`POST /whole HTTP/1.1\r\n${CHUNKED.join('\r\n')}\r\n\r\nb\r\n01234567890\r\n`);
    await until(() => received().includes('}'));
    expect(parseAnswer(received()).status).toBe(413);
    socket.write('3\r\nabc\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => received().endsWith('ok\n'));
  });

  test('fails with its own error when the caller goes away', async () => {
    const { port, thrown } = await measuring();
    const { socket } = dial(port);
    socket.write(`POST /whole HTTP/1.1\r\n${withLength(8).join('\r\n')}\r\n\r\nabc`);
    socket.end();
    await until(() => thrown.length > 0);
    expect(thrown[0]).toBeInstanceOf(BodyInterrupted);
  });

  test('fails at once on a stream that has been destroyed', async () => {
    const stream = new PassThrough().destroy();
    await once(stream, 'close');
    await expect(readBody(stream, { limit: 1 })).rejects.toBeInstanceOf(BodyInterrupted);
    await expect(bodyChunks(stream).next()).rejects.toBeInstanceOf(BodyInterrupted);
  });

  test('does not keep a million chunks of one byte a piece each', async () => {
    const slab = Buffer.alloc(65_536);
    function* crumbs() {
      for (let i = 0; i < 1_000_000; i += 1) yield slab.subarray(i % 65_536, (i % 65_536) + 1);
    }
    const before = process.memoryUsage();
    const body = await readBody(Readable.from(crumbs(), { objectMode: false }), { limit: 1_000_000 });
    expect(body.length).toBe(1_000_000);
    expect(body.buffer.byteLength).toBeLessThan(3_000_000);
    expect(process.memoryUsage().external - before.external).toBeLessThan(20_000_000);
  });
});

describe('bodyChunks', () => {
  test('gives the body as it comes', async () => {
    const { port } = await measuring();
    const body = '5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n';
    expect(parseAnswer(await request(port, 'POST /chunks', CHUNKED, body))).toMatchObject({ status: 200, body: '10' });
    expect(parseAnswer(await request(port, 'POST /chunks', withLength(0)))).toMatchObject({ status: 200, body: '0' });
  });

  test('leaves the connection open when it is left early, so that the refusal arrives', async () => {
    const { port } = await measuring();
    const { socket, received } = dial(port);
    socket.write(`POST /chunks HTTP/1.1\r\n${withLength(100).join('\r\n')}\r\n\r\n${'x'.repeat(50)}`);
    await until(() => received().endsWith('enough'));
    expect(parseAnswer(received()).status).toBe(400);
    // Once the rest of the body has come, the connection serves the next request.
    socket.write(`${'x'.repeat(50)}GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => received().endsWith('ok\n'));
  });

  test('fails with its own error when the caller goes away', async () => {
    const { port, thrown, log } = await measuring();
    const { socket } = dial(port);
    socket.write(`POST /chunks HTTP/1.1\r\n${withLength(8).join('\r\n')}\r\n\r\nabc`);
    socket.end();
    await until(() => thrown.length > 0 && log.some((line) => line['status'] !== undefined));
    expect(thrown[0]).toBeInstanceOf(BodyInterrupted);
    expect(log.filter((line) => line['level'] === 'error')).toEqual([]);
  });
});
