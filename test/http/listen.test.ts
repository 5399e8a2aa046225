import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/http/listen.ts';

function server() {
  const instance = fastify();
  onTestFinished(() => instance.close());
  return instance;
}

test('port 0 is a free port, and the origin is localhost', async () => {
  const address = await listen(server(), { host: '127.0.0.1', port: 0 });
  expect(address.port).toBeGreaterThan(0);
  expect(address).toEqual({ host: '127.0.0.1', port: address.port, origin: `http://localhost:${address.port}` });
});

test.each([
  ['0.0.0.0', 'localhost'],
  ['127.0.0.2', '127.0.0.2'],
])('on %s the origin is at %s', async (host, name) => {
  const { origin, port } = await listen(server(), { host, port: 0 });
  expect(origin).toBe(`http://${name}:${port}`);
});

test('a port that is taken is the error of the system', async () => {
  const { port } = await listen(server(), { host: '127.0.0.1', port: 0 });
  await expect(listen(server(), { host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'listen',
  });
});
