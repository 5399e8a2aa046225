import { describe, expect, test } from 'vitest';
import { parseAnswer, request, send, startServer } from './test-server.ts';

const routes = (server: Parameters<NonNullable<Parameters<typeof startServer>[0]>>[0]) => {
  server.all('/thing', async () => 'reached');
};

async function status(target: string, lines: readonly string[]) {
  const { port } = await startServer(routes);
  return parseAnswer(await request(port, target, lines));
}

test('a request for a loopback host reaches its route, with the request id on the answer', async () => {
  const answer = await status('GET /thing', ['Host: localhost:4327']);
  expect([answer.status, answer.body]).toEqual([200, 'reached']);
  expect(answer.headers).toMatchObject({ 'x-amzn-requestid': 'id-1', 'x-content-type-options': 'nosniff' });
});

test('the request id header is written as AWS writes it', async () => {
  const { port } = await startServer(routes);
  expect(await request(port, 'GET /thing')).toContain('\r\nx-amzn-RequestId: id-1\r\n');
});

test('a request id that the caller sends is not taken over', async () => {
  const answer = await status('GET /thing', ['Host: localhost', 'x-amzn-RequestId: mine', 'request-id: mine']);
  expect(answer.headers['x-amzn-requestid']).toBe('id-1');
});

describe('a foreign Host', () => {
  test('is refused in a body that every kind of client can show, with the way to allow it', async () => {
    const answer = await status('GET /thing', ['Host: evil.example:4327']);
    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const message =
      "This server does not answer to the host name 'evil.example'. If it is meant to, start it with --domain evil.example (or BERTH_DOMAINS, or domains in the config file).";
    expect(JSON.parse(answer.body)).toEqual({
      __type: 'HostNotAllowed',
      message,
      errors: [{ code: 'HOST_NOT_ALLOWED', message }],
      requestId: 'id-1',
    });
    expect(answer.headers['x-amzn-requestid']).toBe('id-1');
  });

  test('is refused where nothing is served, too', async () => {
    expect((await status('GET /nowhere', ['Host: evil.example'])).status).toBe(403);
    expect((await status('POST /', ['Host: evil.example', 'Content-Length: 0'])).status).toBe(403);
  });

  test('may ask for health, since probes come by address', async () => {
    expect((await status('GET /livez', ['Host: 10.2.3.4:4327'])).status).toBe(200);
    expect((await status('GET /readyz?verbose', ['Host: 10.2.3.4'])).status).toBe(200);
    expect((await status('GET /livez/x', ['Host: 10.2.3.4'])).status).toBe(403);
    expect((await status('GET /livezx', ['Host: 10.2.3.4'])).status).toBe(403);
  });
});

test.each([
  ['GET /thing', [], "The header 'host' is missing"],
  ['GET /thing', ['Host:'], "The header 'host' is not a host name"],
  ['GET /thing', ['Host: a/b'], "The header 'host' is not a host name"],
  ['GET /livez', ['Host: localhost', 'Host: localhost'], "'host' is there more than once"],
  ['GET /thing', ['Host: localhost', 'host: evil.example'], "'host' is there more than once"],
  [
    'GET /thing',
    ['Host: localhost', 'Authorization: a', 'authorization: b'],
    "'authorization' is there more than once",
  ],
  [
    'GET /thing',
    ['Host: localhost', 'Content-Type: a/b', 'CONTENT-TYPE: a/b'],
    "'content-type' is there more than once",
  ],
  ['GET /thing', ['Host: localhost', 'X-Amz-Target: a', 'x-amz-target: a'], "'x-amz-target' is there more than once"],
  ['GET /thing', ['Host: localhost', 'Range: bytes=0-1', 'Range: bytes=2-3'], "'range' is there more than once"],
  ['PATCH /thing', ['Host: localhost', 'Content-Range: 0-1', 'Content-Range: 0-2'], "'content-range' is there more"],
  ['POST http://evil.example/thing', ['Host: localhost'], 'The request target must be a path'],
  ['GET http://localhost/livez', ['Host: localhost'], 'The request target must be a path'],
  ['OPTIONS *', ['Host: localhost'], 'The request target must be a path'],
  ['GET /v2/%zz', ['Host: localhost'], 'The path is not valid percent-encoding'],
  ['GET /%E0%A4%A', ['Host: localhost'], 'The path is not valid percent-encoding'],
])('%s with %j is malformed', async (target, lines, message) => {
  const answer = await status(target, lines);
  expect(answer.status).toBe(400);
  expect(answer.headers['x-amzn-requestid']).toBe('id-1');
  expect(JSON.parse(answer.body)).toMatchObject({
    __type: 'MalformedRequest',
    errors: [{ code: 'MALFORMED_REQUEST' }],
  });
  expect((JSON.parse(answer.body) as { message: string }).message).toContain(message);
});

test('an HTTP/1.0 request needs a Host as well', async () => {
  const { port } = await startServer(routes);
  expect(parseAnswer(await send(port, 'GET /thing HTTP/1.0\r\n\r\n')).status).toBe(400);
  expect(parseAnswer(await send(port, 'GET /thing HTTP/1.0\r\nHost: localhost\r\n\r\n')).status).toBe(200);
});
