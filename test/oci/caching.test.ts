import { expect, test } from 'vitest';
import { promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, REGISTRY } from '../support/images.ts';
import { HOUR, MINUTE } from '../support/stores.ts';
import { startOci } from './support/oci-server.ts';

const IMAGE = buildImage('cached');
const OTHER = buildImage('other');
const CONTENT = blobOf('a blob to keep');
const FOR_GOOD = 'private, max-age=31536000, immutable';

/** What is under a path, the digest of it, and whether it may be kept without asking again. */
const READS = [
  ['/v2/app/manifests/v1', IMAGE.digest, 'no-cache'],
  [`/v2/app/manifests/${IMAGE.digest}`, IMAGE.digest, FOR_GOOD],
  [`/v2/app/blobs/${CONTENT.digest}`, CONTENT.digest, FOR_GOOD],
] as const;

async function startWithContent() {
  const server = await startOci();
  await server.pushImage('app', IMAGE, 'v1');
  await server.pushBlob('app', CONTENT);
  return server;
}

test.each(READS)('%s has an ETag and says how long it may be kept', async (path, digest, kept) => {
  await using server = await startWithContent();
  for (const method of ['GET', 'HEAD']) {
    const answer = await server.send(`${method} ${path}`);
    expect(answer).toMatchObject({ status: 200, headers: { etag: `"${digest}"`, 'cache-control': kept } });
  }
});

test.each(READS)('%s is not sent again to a client that has it', async (path, digest, kept) => {
  await using server = await startWithContent();
  for (const known of [`"${digest}"`, `W/"${digest}"`, '*', `"x",  "${digest}" , "y"`]) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await server.send(`${method} ${path}`, { headers: { 'if-none-match': known } });
      expect(answer, known).toMatchObject({
        status: 304,
        text: '',
        headers: { etag: `"${digest}"`, 'cache-control': kept, 'docker-content-digest': digest },
      });
      expect(answer.headers).not.toHaveProperty('content-length');
      expect(answer.headers).not.toHaveProperty('content-type');
    }
  }
});

test.each(READS)('%s is sent to a client that has something else', async (path, digest) => {
  await using server = await startWithContent();
  for (const known of ['', '"x"', digest, `"${digest}`, `"${OTHER.digest}"`, ',,,', `w/"${digest}"`]) {
    const answer = await server.send(`GET ${path}`, { headers: { 'if-none-match': known } });
    expect(answer.status, known).toBe(200);
  }
});

test('a tag that has moved is sent, a client that has the image it leads to by now is told so', async () => {
  await using server = await startWithContent();
  await server.pushImage('app', OTHER, 'v1');
  const ask = (digest: string) =>
    server.send('GET /v2/app/manifests/v1', { headers: { 'if-none-match': `"${digest}"` } });
  expect((await ask(IMAGE.digest)).bytes.equals(OTHER.bytes)).toBe(true);
  expect((await ask(OTHER.digest)).status).toBe(304);
});

test('what is gone is not found, whatever the client has', async () => {
  await using server = await startWithContent();
  await server.send('DELETE /v2/app/manifests/v1');
  await server.send(`DELETE /v2/app/blobs/${CONTENT.digest}`);
  for (const [path] of READS) {
    const answer = await server.send(`GET ${path}`, { headers: { 'if-none-match': '*' } });
    expect(answer.status).toBe(404);
    expect(answer.headers).not.toHaveProperty('cache-control');
  }
});

test('a part of a blob that the client has whole is not sent', async () => {
  await using server = await startWithContent();
  const path = `/v2/app/blobs/${CONTENT.digest}`;
  const known = { range: 'bytes=0-3', 'if-none-match': `"${CONTENT.digest}"` };
  expect((await server.send(`GET ${path}`, { headers: known })).status).toBe(304);
  const part = await server.send(`GET ${path}`, { headers: { range: 'bytes=0-3', 'if-none-match': '"x"' } });
  expect(part).toMatchObject({ status: 206, text: 'a bl', headers: { 'cache-control': FOR_GOOD } });
});

test('HEAD of a blob is a promise, even where it says "not modified"', async () => {
  await using server = await startWithContent();
  const { ports } = server.stores;
  server.clock.advance(HOUR - MINUTE);
  const known = { 'if-none-match': `"${CONTENT.digest}"` };
  expect((await server.send(`HEAD /v2/app/blobs/${CONTENT.digest}`, { headers: known })).status).toBe(304);
  server.clock.advance(HOUR / 2 - MINUTE);
  await collect(ports);
  const path = { registry: REGISTRY, repositoryName: 'app' };
  expect(await promiseBlobs(ports, path, [CONTENT.digest])).toHaveLength(1);
});
