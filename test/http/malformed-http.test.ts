import { expect, test } from 'vitest';
import { dial, parseAnswer, send, startServer } from './test-server.ts';

const HEAD = 'POST /thing HTTP/1.1\r\nHost: localhost\r\n';

/** Node refuses these itself; the table pins that, so that no upgrade and no option can change it unseen. */
test.each([
  [
    'Content-Length and Transfer-Encoding',
    `${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'Transfer-Encoding and Content-Length',
    `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['two Content-Lengths that differ', `${HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
  ['two Content-Lengths that agree', `${HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  ['a list as Content-Length', `${HEAD}Content-Length: 3, 3\r\n\r\nabc`, 400],
  ['a negative Content-Length', `${HEAD}Content-Length: -1\r\n\r\n`, 400],
  ['a Content-Length with a sign', `${HEAD}Content-Length: +3\r\n\r\nabc`, 400],
  ['a Content-Length beyond 64 bits', `${HEAD}Content-Length: 99999999999999999999\r\n\r\n`, 400],
  ['a Transfer-Encoding that does not end in chunked', `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n`, 400],
  ['an unknown Transfer-Encoding', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n`, 400],
  ['a space before the colon', `${HEAD}Transfer-Encoding : chunked\r\n\r\n`, 400],
  ['a folded header', `${HEAD}X-A: a\r\n b\r\n\r\n`, 400],
  ['bare line feeds', 'GET /thing HTTP/1.1\nHost: localhost\n\n', 400],
  ['a bare carriage return in a header', `${HEAD}X-A: a\rb\r\n\r\n`, 400],
  ['a NUL in a header', `${HEAD}X-A: a\0b\r\n\r\n`, 400],
  ['a space in the target', 'GET /thing x HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['a NUL in the target', 'GET /thing\0 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['an unknown method', 'BREW /thing HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['headers of more than 16 KiB', `${HEAD}X-A: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
  ['a target of more than 16 KiB', `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
])('%s is refused, with a request id, and the connection closed', async (_what, bytes, expected) => {
  let reached = false;
  const { port } = await startServer((server) => {
    server.all('/thing', async () => {
      reached = true;
      return 'reached';
    });
  });
  const answer = parseAnswer(await send(port, bytes));
  expect(answer.status).toBe(expected);
  expect(reached).toBe(false);
  expect(answer.headers).toMatchObject({ connection: 'close', 'x-content-type-options': 'nosniff' });
  const { requestId } = JSON.parse(answer.body) as { requestId: string };
  expect(requestId).toMatch(/^id-\d$/);
  expect(answer.headers['x-amzn-requestid']).toBe(requestId);
});

test.each([
  ['a bad chunk size', 'zz\r\n', 400],
  ['a chunk extension of 20 KB', `1;${'a'.repeat(20_000)}\r\nx\r\n`, 413],
])('%s in a body cuts the request off', async (_what, chunk, expected) => {
  let outcome: unknown;
  const { port } = await startServer((server) => {
    server.post('/thing', (request) => {
      return new Promise((_, reject) => {
        request.raw.resume().on('error', (error) => {
          outcome = error;
          reject(error);
        });
      });
    });
  });
  const answer = parseAnswer(await send(port, `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${chunk}`));
  expect(answer.status).toBe(expected);
  expect(outcome).toBeInstanceOf(Error);
});

test('garbage behind an answer that has begun does not get into it', async () => {
  const { port } = await startServer((server) => {
    server.post('/thing', (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': '10' });
      reply.raw.write('12345');
    });
  });
  const { socket, received, closed } = dial(port);
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  socket.on('data', () => {
    if (received().endsWith('12345')) socket.write('zz\r\n');
  });
  expect(await closed).toMatch(/\r\n\r\n12345$/);
});

test('a connection that does not finish its headers in time is answered 408 and closed', async () => {
  const { port } = await startServer(undefined, { limits: { headersMs: 50, lookMs: 10 } });
  const answer = parseAnswer(await send(port, 'GET /livez HTTP/1.1\r\nHost: loc'));
  expect(answer.status).toBe(408);
});

test('a connection that sends nothing at all is closed', async () => {
  const { port } = await startServer(undefined, { limits: { headersMs: 50, lookMs: 10 } });
  expect(parseAnswer(await dial(port).closed).status).toBe(408);
});
