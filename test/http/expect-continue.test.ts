import { expect, test } from 'vitest';
import { readBody } from '../../src/http/read-body.ts';
import { dial, parseAnswer, startServer, until } from './test-server.ts';

const HEAD = 'Host: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';

async function asking() {
  const { port } = await startServer((server) => {
    server.post('/answer-first', (request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': '12' });
      reply.raw.write('begun ');
      request.raw.resume().on('end', () => reply.raw.end('ended\n'));
    });
    server.post('/read', async (request) => `read ${await readBody(request.raw, { limit: 3 })}`);
    server.post('/refuse', async (_request, reply) => reply.code(401).send('who are you?'));
  });
  return dial(port);
}

test('a body is asked for once somebody reads it', async () => {
  const { socket, received } = await asking();
  socket.write(`POST /read HTTP/1.1\r\n${HEAD}`);
  await until(() => received().endsWith('\r\n\r\n'));
  expect(received()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('abc');
  await until(() => received().endsWith('read abc'));
  expect(received()).toContain('\r\nConnection: keep-alive\r\n');
});

test('a caller who is refused is not asked for the body, and the connection is not used again', async () => {
  const { socket, closed } = await asking();
  socket.write(`POST /refuse HTTP/1.1\r\n${HEAD}`);
  const answer = parseAnswer(await closed);
  expect(answer).toMatchObject({ status: 401, body: 'who are you?' });
  expect(answer.headers['connection']).toBe('close');
});

test('nothing gets into an answer that has begun before its body is read', async () => {
  const { socket, received, closed } = await asking();
  socket.write(`POST /answer-first HTTP/1.1\r\n${HEAD}`);
  await until(() => received().includes('begun '));
  socket.write('abc');
  expect(parseAnswer(await closed).body).toBe('begun ended\n');
});

test('a foreign Host is refused before its body is asked for', async () => {
  const { socket, closed } = await asking();
  socket.write(`POST /read HTTP/1.1\r\n${HEAD.replace('localhost', 'evil.example')}`);
  expect(await closed).toMatch(/^HTTP\/1\.1 403 /);
});
