import { expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { blobOf, chunksOf, makeRepository } from '../support/images.ts';
import { HOUR } from '../support/stores.ts';
import { type Answer, expectFault, type OciServer, startOci } from './support/oci-server.ts';

const CONTENT = blobOf('0123456789abcdefghij');
const EMPTY = blobOf('');
const UPLOAD =
  /^\/v2\/team\/app\/blobs\/uploads\/([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/;

function idOf(location: string): string {
  return location.split('/').at(-1) ?? '';
}

function expectUpload(answer: Answer, status: number, location: string, range: string): void {
  expect(answer.text).toBe('');
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({ location, range, 'docker-upload-uuid': idOf(location) });
}

function expectBlob(answer: Answer, digest: string): void {
  expect(answer.text).toBe('');
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({
    location: `/v2/team/app/blobs/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
  });
}

function expectOutOfOrder(answer: Answer, location: string, offset: number): void {
  expectFault(
    answer,
    416,
    'BLOB_UPLOAD_INVALID',
    `The upload with id '${idOf(location)}' in the repository with name 'team/app' in registry with id '000000000000' expects its next byte at ${offset}`,
  );
  expect(answer.headers).toMatchObject({ location, range: `0-${Math.max(0, offset - 1)}` });
}

function expectUnknownUpload(answer: Answer, id: string): void {
  expectFault(
    answer,
    404,
    'BLOB_UPLOAD_UNKNOWN',
    `The upload with id '${id}' in the repository with name 'team/app' in registry with id '000000000000' does not exist`,
  );
}

async function contentOf(server: OciServer, digest: string): Promise<string> {
  return (await server.send(`GET /v2/team/app/blobs/${digest}`)).text;
}

const patch = (server: OciServer, location: string, body: string, range?: string) =>
  server.send(`PATCH ${location}`, { body, headers: range === undefined ? {} : { 'content-range': range } });
const put = (server: OciServer, location: string, digest: string, body?: string, range?: string) =>
  server.send(`PUT ${location}?digest=${digest}`, {
    ...(body !== undefined && { body }),
    headers: range === undefined ? {} : { 'content-range': range },
  });

test('an upload begins with nothing, at a path that cannot be guessed', async () => {
  await using server = await startOci();
  for (const path of ['/v2/team/app/blobs/uploads/', '/v2/team/app/blobs/uploads']) {
    const answer = await server.send(`POST ${path}`);
    expect(answer.headers.location).toMatch(UPLOAD);
    expectUpload(answer, 202, String(answer.headers.location), '0-0');
  }
});

test('a blob comes in one POST', async () => {
  await using server = await startOci();
  const answer = await server.send(`POST /v2/team/app/blobs/uploads/?digest=${CONTENT.digest}`, {
    body: CONTENT.bytes,
  });
  expectBlob(answer, CONTENT.digest);
  expect(await contentOf(server, CONTENT.digest)).toBe('0123456789abcdefghij');
});

test('a blob comes in a POST and a PUT', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  expectBlob(await put(server, location, CONTENT.digest, '0123456789abcdefghij'), CONTENT.digest);
  expect(await contentOf(server, CONTENT.digest)).toBe('0123456789abcdefghij');
});

test('a blob comes in one stream without a length, as docker sends it', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  const chunks = chunksOf(Buffer.from('0123456789'), Buffer.from('abcdefghij'));
  expectUpload(await server.send(`PATCH ${location}`, { body: chunks }), 202, location, '0-19');
  expectBlob(await put(server, location, CONTENT.digest), CONTENT.digest);
});

test('a blob comes in chunks, the last of them in the PUT', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  expectUpload(await server.send(`GET ${location}`), 204, location, '0-0');
  expectUpload(await patch(server, location, '0', '0-0'), 202, location, '0-0');
  expectUpload(await patch(server, location, '123456789', '1-9'), 202, location, '0-9');
  expectUpload(await server.send(`GET ${location}`), 204, location, '0-9');
  expectBlob(await put(server, location, CONTENT.digest, 'abcdefghij', '10-19'), CONTENT.digest);
  expect(await contentOf(server, CONTENT.digest)).toBe('0123456789abcdefghij');
});

test('a chunk without Content-Range goes where the upload stands', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  expectUpload(await patch(server, location, '0123456789'), 202, location, '0-9');
  expectUpload(await patch(server, location, 'abcdefghij'), 202, location, '0-19');
  expectBlob(await put(server, location, CONTENT.digest), CONTENT.digest);
});

test('the empty blob is a blob', async () => {
  await using server = await startOci();
  expectBlob(await server.send(`POST /v2/team/app/blobs/uploads/?digest=${EMPTY.digest}`), EMPTY.digest);
  const location = await server.beginUpload('team/app');
  expectUpload(await patch(server, location, ''), 202, location, '0-0');
  expectBlob(await put(server, location, EMPTY.digest), EMPTY.digest);
  expectBlob(await put(server, await server.beginUpload('team/app'), EMPTY.digest), EMPTY.digest);
});

test('sha512 is as good as sha256, and each names its own blob', async () => {
  await using server = await startOci();
  const digest = digestOf(CONTENT.bytes, 'sha512');
  const location = await server.beginUpload('team/app');
  await patch(server, location, '0123456789');
  expectBlob(await put(server, location, digest, 'abcdefghij'), digest);
  expect(await contentOf(server, digest)).toBe('0123456789abcdefghij');
  expect((await server.send(`HEAD /v2/team/app/blobs/${CONTENT.digest}`)).status).toBe(404);
});

test('a blob that is there already can be pushed again', async () => {
  await using server = await startOci();
  await server.pushBlob('team/app', CONTENT);
  await server.pushBlob('team/app', CONTENT);
  await server.pushBlob('other', CONTENT);
});

test.each([
  ['10-19', 'abcdefghij'],
  ['4-13', '456789abcd'],
  ['6-9', '6789'],
  ['0-4', '01234'],
  ['5-4', ''],
  ['9-5', '56789'],
  ['5-9', '56789a'],
  ['5-10', '56789'],
  ['-5-9', '56789'],
  ['5-', '56789'],
  ['', '56789'],
  ['bytes 5-9/*', '56789'],
  ['bytes=5-9', '56789'],
  ['5-9/20', '56789'],
  ['5-9,10-19', '56789'],
  ['0x5-0x9', '56789'],
  ['9007199254740993-9007199254740997', '56789'],
  ['99999999999999999999-99999999999999999999', '5'],
])('after five bytes the chunk %j of %j is out of order, and the upload goes on', async (range, body) => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  await patch(server, location, '01234', '0-4');
  expectOutOfOrder(await patch(server, location, body, range), location, 5);
  expectOutOfOrder(await put(server, location, CONTENT.digest, body, range), location, 5);
  expectUpload(await server.send(`GET ${location}`), 204, location, '0-4');
  await patch(server, location, '56789', '5-9');
  expectBlob(await put(server, location, CONTENT.digest, 'abcdefghij', '10-19'), CONTENT.digest);
});

test('a first chunk that does not begin at the beginning is out of order', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  expectOutOfOrder(await patch(server, location, '123', '1-3'), location, 0);
});

test('a chunk of unknown length is held to its Content-Range', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  for (const body of ['0123', '012345']) {
    const answer = await server.send(`PATCH ${location}`, {
      headers: { 'content-range': '0-4' },
      body: chunksOf(Buffer.from(body)),
    });
    expectOutOfOrder(answer, location, 0);
  }
  const exact = { headers: { 'content-range': '0-4' }, body: chunksOf(Buffer.from('01'), Buffer.from('234')) };
  expectUpload(await server.send(`PATCH ${location}`, exact), 202, location, '0-4');
});

test('bytes that are not what the digest names are refused, and nothing is kept of them', async () => {
  await using server = await startOci({ createOnPush: false });
  await makeRepository(server.stores.ports, 'team/app');
  const sentence = `The layer with digest '${EMPTY.digest}' in the repository with name 'team/app' in registry with id '000000000000' does not match the digest of the bytes that were received`;
  const once = await server.send(`POST /v2/team/app/blobs/uploads/?digest=${EMPTY.digest}`, { body: CONTENT.bytes });
  expectFault(once, 400, 'DIGEST_INVALID', sentence);

  const whole = await server.beginUpload('team/app');
  expectFault(await put(server, whole, EMPTY.digest, 'x'), 400, 'DIGEST_INVALID', sentence);
  expectUnknownUpload(await server.send(`GET ${whole}`), idOf(whole));

  const chunked = await server.beginUpload('team/app');
  await patch(server, chunked, 'x', '0-0');
  expectFault(await put(server, chunked, EMPTY.digest), 400, 'DIGEST_INVALID', sentence);
  expectUnknownUpload(await put(server, chunked, CONTENT.digest), idOf(chunked));
  expect((await server.send(`HEAD /v2/team/app/blobs/${EMPTY.digest}`)).status).toBe(404);
  expect((await server.send(`HEAD /v2/team/app/blobs/${CONTENT.digest}`)).status).toBe(404);
});

test.each([
  ['', ''],
  ['digest=', ''],
  [`digest=${CONTENT.digest}&digest=${CONTENT.digest}`, `${CONTENT.digest}, ${CONTENT.digest}`],
  ['digest=undefined', 'undefined'],
  ['digest=%20', ' '],
  [`digest=${CONTENT.digest}%20`, `${CONTENT.digest} `],
  [`digest=${CONTENT.digest.toUpperCase()}`, CONTENT.digest.toUpperCase()],
  ['digest=md5:d41d8cd98f00b204e9800998ecf8427e', 'md5:d41d8cd98f00b204e9800998ecf8427e'],
  ['digest=sha256:../../../../etc/passwd', 'sha256:../../../../etc/passwd'],
  [`Digest=${CONTENT.digest}`, ''],
])('the PUT parameter %j is refused, and the upload goes on', async (query, said) => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  await patch(server, location, '0123456789abcdefghij');
  const answer = await server.send(`PUT ${location}?${query}`, { body: 'more' });
  const sentence = `The digest '${said}' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits`;
  expectFault(answer, 400, 'DIGEST_INVALID', sentence);
  if (query.startsWith('digest')) {
    const post = await server.send(`POST /v2/team/new/blobs/uploads/?${query}`, { body: 'more' });
    expectFault(post, 400, 'DIGEST_INVALID', sentence);
    expect((await server.send('GET /v2/team/new/tags/list')).status).toBe(404);
  }
  expectBlob(await put(server, location, CONTENT.digest), CONTENT.digest);
});

test('an upload ends when it is completed, cancelled or too old', async () => {
  await using server = await startOci();
  const completed = await server.beginUpload('team/app');
  await put(server, completed, CONTENT.digest, '0123456789abcdefghij');
  const cancelled = await server.beginUpload('team/app');
  await patch(server, cancelled, 'x');
  const answer = await server.send(`DELETE ${cancelled}`);
  expect(answer).toMatchObject({ status: 204, text: '' });
  for (const location of [completed, cancelled, '/v2/team/app/blobs/uploads/no-such-upload']) {
    const id = idOf(location);
    expectUnknownUpload(await server.send(`GET ${location}`), id);
    expectUnknownUpload(await patch(server, location, 'more'), id);
    expectUnknownUpload(await patch(server, location, 'more', 'nonsense'), id);
    expectUnknownUpload(await put(server, location, CONTENT.digest, '0123456789abcdefghij'), id);
    expectUnknownUpload(await put(server, location, CONTENT.digest), id);
    expectUnknownUpload(await server.send(`DELETE ${location}`), id);
  }
});

test('an upload that goes on lives on: only idle ones expire', async () => {
  await using server = await startOci({ retention: { upload: HOUR } });
  const location = await server.beginUpload('team/app');
  server.clock.advance(HOUR - 1);
  await patch(server, location, '0123456789');
  server.clock.advance(HOUR - 1);
  expectUpload(await patch(server, location, 'abcdefghij'), 202, location, '0-19');
});

test('what a path of uploads does not take is refused with what it takes', async () => {
  await using server = await startOci();
  const location = await server.beginUpload('team/app');
  const begun = await server.send('GET /v2/team/app/blobs/uploads/');
  expectFault(begun, 405, 'UNSUPPORTED', 'This path takes POST, not GET');
  expect(begun.headers.allow).toBe('POST');
  const posted = await server.send(`POST ${location}`);
  expectFault(posted, 405, 'UNSUPPORTED', 'This path takes GET, HEAD, PATCH, PUT, DELETE, not POST');
  expect(posted.headers.allow).toBe('GET, HEAD, PATCH, PUT, DELETE');
});

test('an upload may say what it will be hashed with, and one that could not be completed is refused before its bytes', async () => {
  await using server = await startOci();
  const digest = digestOf(CONTENT.bytes, 'sha512');
  for (const algorithm of ['sha512', 'sha256']) {
    const begun = await server.send(`POST /v2/team/app/blobs/uploads/?digest-algorithm=${algorithm}`);
    expect(begun.status).toBe(202);
    expectBlob(
      await put(server, String(begun.headers.location), digest, Buffer.from(CONTENT.bytes).toString()),
      digest,
    );
  }
  for (const algorithm of ['md5', 'sha512:', 'SHA256', '']) {
    const sentence = `The digest '${algorithm}' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits`;
    const answer = await server.send(`POST /v2/other/blobs/uploads/?digest-algorithm=${algorithm}`);
    expectFault(answer, 400, 'DIGEST_INVALID', sentence);
  }
  expect((await server.send('GET /v2/other/tags/list')).status).toBe(404);
});
