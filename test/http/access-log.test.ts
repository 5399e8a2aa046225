import { expect, test } from 'vitest';
import { annotate } from '../../src/http/access-log.ts';
import { dial, request, startServer, until } from './test-server.ts';

test('each request has one line, with what its edge adds and without its query and headers', async () => {
  const { port, log } = await startServer((server) => {
    server.put('/v2/*', async (req, reply) => {
      annotate(req, { operation: 'PutManifest' });
      annotate(req, { repository: 'app' });
      return reply.code(201).send('done');
    });
  });
  await request(port, 'PUT /v2/app/manifests/1?X-Amz-Signature=hush&X-Amz-Security-Token=hush', [
    'Host: localhost',
    'Authorization: Basic hush',
    'Cookie: hush',
  ]);
  const lines = log.filter(({ requestId }) => requestId === 'id-1');
  expect(lines).toMatchObject([
    {
      level: 'info',
      requestId: 'id-1',
      method: 'PUT',
      path: '/v2/app/manifests/1',
      status: 201,
      remote: '127.0.0.1',
      ms: expect.any(Number),
      msg: 'PUT /v2/app/manifests/1 201',
      operation: 'PutManifest',
      repository: 'app',
    },
  ]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toHaveProperty('aborted');
  expect(JSON.stringify(log)).not.toContain('hush');
});

test('requests that reach no route have a line as well', async () => {
  const { port, log } = await startServer();
  await request(port, 'GET /nowhere');
  await request(port, 'GET /%zz');
  await request(port, 'GET /', ['Host: evil.example']);
  expect(log.filter(({ status }) => status !== undefined).map(({ msg }) => msg)).toEqual([
    'GET /nowhere 404',
    'GET /%zz 400',
    'GET / 403',
  ]);
});

test('a long path is shortened', async () => {
  const { port, log } = await startServer();
  await request(port, `GET /${'a'.repeat(9000)}`);
  const [line] = log.filter(({ status }) => status === 404);
  expect(String(line?.['path'])).toHaveLength(513);
});

test('a caller who goes away before the answer is marked', async () => {
  let reached = false;
  const { port, log } = await startServer((server) => {
    server.get('/', () => {
      reached = true;
      return new Promise(() => {});
    });
  });
  const { socket } = dial(port);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => reached);
  socket.destroy();
  await until(() => log.some(({ path }) => path === '/'));
  expect(log.filter(({ path }) => path === '/')).toMatchObject([{ aborted: true }]);
});
