import { expect, test } from 'vitest';
import { pathBelowBlobs } from '../../src/blobs/file-system/layout.ts';
import { FrontServer } from '../../src/oci/front-server.ts';
import type { Retention } from '../../src/registry/ports.ts';
import { blobOf, buildImage } from '../support/images.ts';
import { HOUR, MINUTE } from '../support/stores.ts';
import { type OciServer, startOci } from './support/oci-server.ts';

const LARGE = blobOf(Buffer.alloc(256 * 1024, 'large'));
const BELOW = blobOf(Buffer.alloc(256 * 1024 - 1, 'below'));
const PLACE = /^\/internal\/([0-9a-z]{2})\/[0-9a-z]{24}\1$/;

async function start(retention: Partial<Retention> = {}): Promise<OciServer> {
  const server = await startOci({ retention });
  const front = new FrontServer('/internal/', pathBelowBlobs, server.edge);
  Object.assign(server.edge, { frontServer: front });
  return server;
}

const get = (server: OciServer, digest: string, headers: Record<string, string> = {}) =>
  server.send(`GET /v2/app/blobs/${digest}`, { headers });

test('a large blob is named to the front server, described but for its length', async () => {
  await using server = await start();
  await server.pushBlob('app', LARGE);
  for (const headers of [{}, { range: 'bytes=5-9' }]) {
    const answer = await get(server, LARGE.digest, headers);
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers).toMatchObject({
      'x-accel-redirect': expect.stringMatching(PLACE),
      'content-type': 'application/octet-stream',
      'docker-content-digest': LARGE.digest,
      etag: `"${LARGE.digest}"`,
      'content-length': '0',
    });
  }
});

test('a link to a layer is answered the same way', async () => {
  await using server = await start();
  await server.pushBlob('app', LARGE);
  const target = { registry: server.edge.defaultRegistry, repositoryName: 'app', digest: LARGE.digest };
  const { id, region } = target.registry;
  const path = `/_berth/layers/${id}/${region}/app/${LARGE.digest}?${server.edge.links.sign(target)}`;
  const answer = await server.send(`GET ${path}`, { authorization: undefined });
  expect(answer.headers['x-accel-redirect']).toMatch(PLACE);
});

test('small blobs, HEAD, conditions and parts that are not there are answered here', async () => {
  await using server = await start();
  await server.pushBlob('app', LARGE);
  await server.pushBlob('app', BELOW);
  const own = [
    await get(server, BELOW.digest),
    await get(server, LARGE.digest, { range: 'bytes=0-9', 'if-range': `"${LARGE.digest}"` }),
    await get(server, LARGE.digest, { 'if-match': '*' }),
    await get(server, LARGE.digest, { range: 'bytes=262144-' }),
    await server.send(`HEAD /v2/app/blobs/${LARGE.digest}`),
  ];
  expect(own.map(({ status }) => status)).toEqual([200, 206, 200, 416, 200]);
  expect(own.map(({ headers }) => headers['x-accel-redirect'])).toEqual(own.map(() => undefined));
  expect(own.map(({ bytes }) => bytes.length)).toMatchObject([BELOW.bytes.length, 10, LARGE.bytes.length, {}, 0]);
});

test('what may be erased before the front server has opened it is sent from here', async () => {
  await using server = await start({ grace: 0, lease: HOUR });
  await server.pushBlob('app', LARGE);
  const handedOver = async () => (await get(server, LARGE.digest)).headers['x-accel-redirect'] !== undefined;
  expect(await handedOver()).toBe(true);
  server.clock.advance(HOUR - 9_999);
  expect(await handedOver()).toBe(false);
});

test('with a grace, a blob that an image names is always sure to stay', async () => {
  await using server = await start({ grace: MINUTE, lease: 0 });
  const image = buildImage('named', { layers: [LARGE] });
  await server.pushImage('app', image, 'v1');
  expect((await get(server, LARGE.digest)).headers['x-accel-redirect']).toMatch(PLACE);
});
