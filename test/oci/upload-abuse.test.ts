import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { collect } from '../../src/workers/collector.ts';
import { dial, until } from '../http/test-server.ts';
import { blobOf, chunksOf } from '../support/images.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { HOUR } from '../support/stores.ts';
import { type Answer, expectFault, type OciServer, startOci } from './support/oci-server.ts';

const CONTENT = blobOf('0123456789abcdefghij');
const EMPTY = blobOf('');

/** Runs the workers; what nobody owns is gone after it. */
async function collectNow(server: OciServer): Promise<void> {
  await collect({ ...server.stores.ports, pulls: new PullRecorder() });
}

async function uploadsLeft(server: OciServer): Promise<number> {
  return (await server.stores.rows.query('SELECT id FROM upload')).length;
}

async function untilUploadsLeft(server: OciServer, count: number): Promise<void> {
  // A look takes no turn of the event loop, and the server needs some.
  while ((await uploadsLeft(server)) !== count) await new Promise(setImmediate);
}

const idOf = (location: string) => location.split('/').at(-1) ?? '';

/** A PATCH under way: what it sends can be held back and ended. */
function openPatch(server: OciServer, location: string, headers: Record<string, string> = {}) {
  const request = httpRequest({
    host: '127.0.0.1',
    port: server.port,
    method: 'PATCH',
    path: location,
    headers: { authorization: server.credentials(), ...headers },
    agent: false,
  });
  const answered = once(request, 'response').then(([response]) => Number(response.statusCode));
  answered.catch(() => {});
  return { request, answered };
}

test('an upload is known under its own repository only, to the registry it belongs to', async () => {
  await using server = await startOci();
  await server.beginUpload('other/app');
  const location = await server.beginUpload('team/app');
  await server.send(`PATCH ${location}`, { body: '0123456789' });
  const id = idOf(location);
  const elsewhere = server.credentials({ registry: { id: '222222222222', region: 'us-east-1' } });
  await server.send('POST /v2/team/app/blobs/uploads/', { authorization: elsewhere });
  const thefts: [path: string, authorization: string][] = [
    [`/v2/other/app/blobs/uploads/${id}`, server.credentials()],
    [`/v2/team/app/blobs/uploads/${id.toUpperCase()}`, server.credentials()],
    [`/v2/team/app/blobs/uploads/${id}%20`, server.credentials()],
    [location, elsewhere],
  ];
  for (const [path, authorization] of thefts) {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await server.send(`${method} ${path}`, { authorization, body: 'stolen' });
      expect(answer.status, `${method} ${path}`).toBe(404);
      expect(answer.text).toContain('BLOB_UPLOAD_UNKNOWN');
    }
    const put = await server.send(`PUT ${path}?digest=${CONTENT.digest}`, { authorization, body: 'abcdefghij' });
    expect(put.status).toBe(404);
  }
  expect((await server.send(`GET ${location}/`)).status).toBe(404);
  expect((await server.send(`GET ${location}`)).headers.range).toBe('0-9');
  const done = await server.send(`PUT ${location}?digest=${CONTENT.digest}`, { body: 'abcdefghij' });
  expect(done.status).toBe(201);
});

test('a chunk that breaks off counts as far as it came, and the upload goes on where it stands then', async ({
  skip,
}) => {
  await using server = await startOci();
  if (folderOf(server.stores.bytes) === undefined)
    skip('how far a chunk has come shows only where it is written as it comes');
  const location = await server.beginUpload('team/app');
  await server.send(`PATCH ${location}`, { body: '01234' });
  const { request } = openPatch(server, location, { 'content-length': '1000' });
  request.on('error', () => {});
  request.write('567');
  // Another chunk is refused for as long as this one is coming in.
  await untilBusy(server, location);
  // What has not been received by then is lost with the connection.
  await expect.poll(() => server.stores.bytesStored()).toBe(8);
  request.destroy();
  await untilFree(server, location);
  expect((await server.send(`GET ${location}`)).headers.range).toBe('0-7');
  const again = await server.send(`PATCH ${location}`, { body: '56789', headers: { 'content-range': '5-9' } });
  expect(again).toMatchObject({ status: 416, headers: { range: '0-7' } });
  await server.send(`PATCH ${location}`, { body: '89', headers: { 'content-range': '8-9' } });
  const done = await server.send(`PUT ${location}?digest=${CONTENT.digest}`, { body: 'abcdefghij' });
  expect(done.status).toBe(201);
});

test('a blob that breaks off in its POST leaves nothing behind', async () => {
  await using server = await startOci();
  const { socket } = dial(server.port);
  const lines = ['Host: localhost', `Authorization: ${server.credentials()}`, 'Content-Length: 100000'];
  socket.write(`POST /v2/team/app/blobs/uploads/?digest=${CONTENT.digest} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  socket.write('x'.repeat(5000));
  await untilUploadsLeft(server, 1);
  socket.destroy();
  await untilUploadsLeft(server, 0);
  await collectNow(server);
  expect(await server.stores.bytesStored()).toBe(0);
});

test('while a chunk comes in, another chunk and the end are refused, and both learn where the upload stands', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  await server.send(`PATCH ${location}`, { body: '01234' });
  const { request, answered } = openPatch(server, location);
  request.write('56789');
  await untilBusy(server, location);
  const answers = [
    await server.send(`PATCH ${location}`, { body: '56789', headers: { 'content-range': '5-9' } }),
    await server.send(`PUT ${location}?digest=${CONTENT.digest}`),
    await server.send(`PUT ${location}?digest=${CONTENT.digest}`, { body: '56789' }),
  ];
  const sentence = `The upload with id '${idOf(location)}' in the repository with name 'team/app' in registry with id '000000000000' is receiving another chunk`;
  for (const answer of answers) {
    expectFault(answer, 416, 'BLOB_UPLOAD_INVALID', sentence);
    expect(answer.headers).toMatchObject({ location, range: '0-4' });
  }
  request.end('abcdefghij');
  expect(await answered).toBe(202);
  expect((await server.send(`PUT ${location}?digest=${CONTENT.digest}`)).status).toBe(201);
});

test('an upload that is cancelled while a chunk comes in is gone, and its bytes with it', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  const { request, answered } = openPatch(server, location);
  request.write('0123456789');
  await untilBusy(server, location);
  expect((await server.send(`DELETE ${location}`)).status).toBe(204);
  await collectNow(server);
  request.end('abcdefghij');
  expect(await answered).toBe(404);
  await collectNow(server);
  expect(await server.stores.bytesStored()).toBe(0);
});

test('fifty uploads that finish the same blob at once all succeed, and one copy of it remains', async () => {
  await using server = await startOci({ retention: { grace: 0 } });
  const locations: string[] = [];
  for (let i = 0; i < 50; i++) locations.push(await server.beginUpload(`team/app${i % 5}`));
  const big = blobOf(Buffer.alloc(100_000, 'berth'));
  const answers = await Promise.all(
    locations.map((location) => server.send(`PUT ${location}?digest=${big.digest}`, { body: big.bytes })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  await collectNow(server);
  expect(await server.stores.bytesStored()).toBe(big.bytes.byteLength);
  for (let i = 0; i < 5; i++) {
    const got = await server.send(`GET /v2/team/app${i}/blobs/${big.digest}`);
    expect(got.bytes.equals(big.bytes)).toBe(true);
  }
});

test.each([
  ['a blob', CONTENT],
  ['the empty blob', EMPTY],
])('%s survives that its upload is ended twice at once', async (_what, blob) => {
  await using server = await startOci({ retention: { grace: 0 } });
  for (let round = 0; round < 10; round++) {
    const location = await server.beginUpload('team/app');
    await server.send(`PATCH ${location}`, { body: blob.bytes });
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => server.send(`PUT ${location}?digest=${blob.digest}`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status } of answers) expect([201, 404, 416]).toContain(status);
    await collectNow(server);
    expect((await server.send(`GET /v2/team/app/blobs/${blob.digest}`)).bytes.equals(blob.bytes)).toBe(true);
    // So that the next round makes it anew.
    server.clock.advance(2 * HOUR);
    await collectNow(server);
    expect(await server.stores.bytesStored()).toBe(0);
  }
});

test('a chunk that is sent many times at once counts once', async () => {
  await using server = await startOci({ retention: { grace: 0 } });
  const location = await server.beginUpload('team/app');
  const first = await Promise.all(
    Array.from({ length: 20 }, () =>
      server.send(`PATCH ${location}`, { body: '0123456789', headers: { 'content-range': '0-9' } }),
    ),
  );
  expect(first.filter(({ status }) => status === 202)).toHaveLength(1);
  for (const { status } of first) expect([202, 416]).toContain(status);
  const done = await server.send(`PUT ${location}?digest=${CONTENT.digest}`, { body: 'abcdefghij' });
  expect(done.status).toBe(201);
  await collectNow(server);
  expect((await server.send(`GET /v2/team/app/blobs/${CONTENT.digest}`)).text).toBe('0123456789abcdefghij');
});

test('more than a layer may have is refused before it is sent', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  const targets = [`PATCH ${location}`, `PUT ${location}?digest=${CONTENT.digest}`];
  for (const target of [...targets, `POST /v2/team/app/blobs/uploads/?digest=${CONTENT.digest}`]) {
    const { socket, closed } = dial(server.port);
    const lines = ['Host: localhost', `Authorization: ${server.credentials()}`, 'Expect: 100-continue'];
    socket.write(`${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: 10000000000000\r\n\r\n`);
    const received = await closed;
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
    expect(received).toContain('exceeds the maximum layer size of 54525952000 bytes');
    expect(received).toContain('SIZE_INVALID');
  }
  expect(await uploadsLeft(server)).toBe(1);
});

test('after a refusal in the middle of a body the connection serves the next request', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  const { socket, received } = dial(server.port);
  const head = (lines: readonly string[]) =>
    `${lines.join('\r\n')}\r\nHost: localhost\r\nAuthorization: ${server.credentials()}\r\n`;
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`;
  socket.write(`${head([`PATCH ${location} HTTP/1.1`, 'Content-Range: 0-9'])}Transfer-Encoding: chunked\r\n\r\n`);
  socket.write(`${chunk.repeat(5)}0\r\n\r\n`);
  await until(() => received().includes('HTTP/1.1 416'));
  socket.write(`${head(['GET /v2/ HTTP/1.1'])}\r\n`);
  await until(() => received().includes('HTTP/1.1 200 OK'));
});

test('a digest mismatch leaves no bytes', async () => {
  await using server = await startOci({ retention: { grace: 0 } });
  const location = await server.beginUpload('team/app');
  const answers: Answer[] = [
    await server.send(`PUT ${location}?digest=${EMPTY.digest}`, { body: CONTENT.bytes }),
    await server.send(`POST /v2/team/app/blobs/uploads/?digest=${EMPTY.digest}`, { body: chunksOf(CONTENT.bytes) }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([400, 400]);
  await collectNow(server);
  expect(await server.stores.bytesStored()).toBe(0);
  expect(await uploadsLeft(server)).toBe(0);
});

/** Waits until the server has a chunk of the upload in hand. A chunk out of order tells, and changes nothing. */
async function untilBusy(server: OciServer, location: string): Promise<void> {
  while (!(await probe(server, location)).text.includes('is receiving another chunk')) {}
}

async function untilFree(server: OciServer, location: string): Promise<void> {
  while ((await probe(server, location)).text.includes('is receiving another chunk')) {}
}

function probe(server: OciServer, location: string): Promise<Answer> {
  return server.send(`PATCH ${location}`, { body: 'x', headers: { 'content-range': '999-999' } });
}
