import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { StoreUnavailable } from '../../src/model/store-unavailable.ts';
import { dial, parseAnswer, request, startServer, until } from './test-server.ts';

test('a path that nothing serves is answered with what is served where', async () => {
  const { port } = await startServer();
  for (const target of ['GET /v1/images', 'DELETE /', 'PROPFIND /', `GET /${'a'.repeat(8000)}`]) {
    const answer = parseAnswer(await request(port, target));
    expect(answer.status).toBe(404);
    expect(answer.headers['x-amzn-requestid']).toBeDefined();
    const { message, errors } = JSON.parse(answer.body) as { message: string; errors: { code: string }[] };
    expect(message).toMatch(/^Nothing is served at /);
    expect(message).toContain('/v2/');
    expect(message.length).toBeLessThan(500);
    expect(errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  }
});

test('HEAD of a path that nothing serves has no body', async () => {
  const { port } = await startServer();
  expect(parseAnswer(await request(port, 'HEAD /nowhere'))).toMatchObject({ status: 404, body: '' });
});

test('a browser at the root is told what this is, unless it signs its request', async () => {
  const { port } = await startServer();
  const browser = ['Host: localhost', 'Accept: text/html,*/*'];
  const answer = parseAnswer(await request(port, 'GET /?x', browser));
  expect(answer).toMatchObject({ status: 200, body: expect.stringMatching(/^This is Berth\./) });
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(parseAnswer(await request(port, 'GET /', [...browser, 'Authorization: AWS4-HMAC-SHA256 x'])).status).toBe(404);
  expect(parseAnswer(await request(port, 'GET /')).status).toBe(404);
});

test('a body is handed to the route as the stream that it is, whatever its type says', async () => {
  const { port } = await startServer((server) => {
    server.post('/', async (req) => String(req.body === req.raw));
  });
  for (const type of ['application/json', 'text/plain', '???', '', 'application/x-amz-json-1.1']) {
    const lines = ['Host: localhost', `Content-Type: ${type}`, 'Content-Length: 1'];
    expect(parseAnswer(await request(port, 'POST /', lines, '{'))).toMatchObject({ status: 200, body: 'true' });
  }
});

test('a parameter in a path may be as long as the headers', async () => {
  const { port } = await startServer((server) => {
    server.get('/x/:name', async ({ params }) => String((params as { name: string }).name.length));
  });
  expect(parseAnswer(await request(port, `GET /x/${'a'.repeat(8000)}`))).toMatchObject({ status: 200, body: '8000' });
});

test('of a store that does not answer the caller learns that it may come again, and the log why', async () => {
  const { port, log } = await startServer((server) => {
    server.get('/', async () => {
      throw new StoreUnavailable('database', new Error('no route to the secret host'));
    });
  });
  const answer = parseAnswer(await request(port, 'GET /'));
  expect(answer.status).toBe(503);
  expect(answer.body).not.toContain('secret');
  const lines = log.filter(({ requestId }) => requestId === answer.headers['x-amzn-requestid']);
  expect(lines).toMatchObject([
    { level: 'warn', store: 'database', err: { message: 'no route to the secret host' } },
    { level: 'info', status: 503, fault: 'StoreUnavailable' },
  ]);
});

test('of an unexpected error the caller learns the request id, and the log the rest', async () => {
  const { port, log } = await startServer((server) => {
    server.get('/', async () => {
      throw new TypeError('the secret of the house');
    });
  });
  const answer = parseAnswer(await request(port, 'GET /'));
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain('secret');
  expect(JSON.parse(answer.body)).toMatchObject({ __type: 'InternalError', requestId: 'id-1' });
  expect(answer.body).toContain('under request id id-1');
  expect(log.filter(({ level }) => level === 'error')).toMatchObject([
    { requestId: 'id-1', err: { type: 'TypeError', message: 'the secret of the house' } },
  ]);
});

test.each([[undefined], [null], ['text'], [{ statusCode: 404 }]])('even %j thrown is answered 500', async (thrown) => {
  const { port } = await startServer((server) => {
    server.get('/', () => Promise.reject(thrown));
  });
  expect(parseAnswer(await request(port, 'GET /'))).toMatchObject({
    status: 500,
    body: expect.stringContaining('InternalError'),
  });
});

test('a fault that no edge rendered is a refusal, not an error', async () => {
  const { port, log } = await startServer((server) => {
    server.get('/', async () => {
      throw new Fault('InvalidName', { name: 'A' });
    });
  });
  const answer = parseAnswer(await request(port, 'GET /'));
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toMatchObject({ __type: 'InvalidName', errors: [{ code: 'INVALID_NAME' }] });
  expect(log.filter(({ level }) => level === 'error')).toEqual([]);
});

test('an answer that breaks in the middle is cut off and logged', async () => {
  const { port, log } = await startServer((server) => {
    server.get('/', async (_request, reply) => {
      const stream = Readable.from(
        (async function* () {
          yield Buffer.from('half');
          throw new Error('the disk is gone');
        })(),
      );
      return reply.header('content-length', '8').send(stream);
    });
  });
  const { socket, closed } = dial(port);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await closed).toMatch(/\r\n\r\nhalf$/);
  await until(() => log.some(({ level }) => level === 'warn'));
  expect(log.filter(({ level }) => level === 'warn')).toMatchObject([{ err: { message: 'the disk is gone' } }]);
});
