import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layerLinkPath } from '../../src/oci/layer-link.ts';
import { blobOf, buildImage, REGISTRY } from '../support/images.ts';
import { type OpenedS3, openOn } from '../support/s3/s3-under-test.ts';
import { startAnyS3 } from '../support/s3/start-any-s3.ts';
import type { TestS3 } from '../support/s3/test-s3.ts';
import { MINUTE } from '../support/stores.ts';
import { TestClock } from '../support/test-clock.ts';
import { type OciServer, type ServerOptions, startOci } from './support/oci-server.ts';

const layer = blobOf('a layer that lies in the bucket');
const image = buildImage('app', { layers: [layer] });
let s3: TestS3;
beforeAll(async () => {
  s3 = await startAnyS3();
});
afterAll(() => s3[Symbol.asyncDispose]());

async function serve(more: ServerOptions = {}): Promise<OciServer & { readonly bucket: OpenedS3 }> {
  // The store has a clock of its own.
  const clock = new TestClock(Date.now());
  const bucket = await openOn(s3, {}, clock);
  const { blobs, uploads } = bucket;
  const server = await startOci({ clock, blobs, uploads, ...more });
  return Object.assign(server, { bucket });
}

const path = `/v2/app/blobs/${layer.digest}`;

describe('GET of a blob that lies in a bucket', () => {
  test('answers with an address there, which has the bytes for whoever asks, and parts of them', async () => {
    await using server = await serve();
    await server.pushImage('app', image, 'v1');
    const { status, headers, bytes } = await server.send(`GET ${path}`);
    expect([status, bytes.byteLength]).toEqual([307, 0]);
    expect(headers).toMatchObject({ 'docker-content-digest': layer.digest, 'cache-control': 'no-store' });
    const location = new URL(String(headers.location));
    expect(location.origin).toBe(s3.endpoint);
    const answer = await fetch(location);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(Buffer.from(await answer.arrayBuffer()).equals(layer.bytes)).toBe(true);
    const part = await fetch(location, { headers: { range: 'bytes=2-6' } });
    expect([part.status, await part.text()]).toEqual([206, 'layer']);
  });

  test('is good for twenty minutes, or as long as the bytes of a deleted image stay, and is not given at all for less than one', async () => {
    for (const [grace, seconds] of [
      [60 * MINUTE, 1200],
      [5 * MINUTE, 300],
      [MINUTE - 1, undefined],
    ] as const) {
      await using server = await serve({ retention: { grace, lease: 0 } });
      await server.pushImage('app', image, 'v1').catch(() => undefined);
      const answer = await server.send(`GET ${path}`);
      if (answer.status === 307) {
        const expires = new URL(String(answer.headers.location)).searchParams.get('X-Amz-Expires');
        expect(Number(expires)).toBe(seconds);
      } else {
        expect(seconds).toBeUndefined();
        expect(answer.bytes.equals(layer.bytes)).toBe(true);
      }
    }
  });

  test('streams the bytes where addresses are not wanted', async () => {
    await using server = await serve({ blobRedirects: false });
    await server.pushImage('app', image, 'v1');
    const whole = await server.send(`GET ${path}`);
    expect([whole.status, whole.bytes.equals(layer.bytes)]).toEqual([200, true]);
    const part = await server.send(`GET ${path}`, { headers: { range: 'bytes=2-6' } });
    expect([part.status, part.text]).toEqual([206, 'layer']);
    expect(part.headers['content-range']).toBe(`bytes 2-6/${layer.bytes.byteLength}`);
    const head = await server.send(`HEAD ${path}`);
    expect(head.headers['content-length']).toBe(String(layer.bytes.byteLength));
  });

  test('is answered here where that takes no bytes, or where the store could not tell', async () => {
    await using server = await serve();
    await server.pushImage('app', image, 'v1');
    const ask = async (method: string, headers = {}) => (await server.send(`${method} ${path}`, { headers })).status;
    expect(await ask('HEAD')).toBe(200);
    expect(await ask('GET', { 'if-none-match': `"${layer.digest}"` })).toBe(304);
    expect(await ask('GET', { range: 'bytes=999-' })).toBe(416);
    expect(await ask('GET', { range: 'bytes=2-6' })).toBe(307);
    expect(await ask('GET', { range: 'bytes=2-6', 'if-range': `"${layer.digest}"` })).toBe(206);
    expect(await ask('GET', { 'if-modified-since': new Date().toUTCString() })).toBe(200);
    expect((await server.send(`GET /v2/app/blobs/${blobOf('unknown').digest}`)).status).toBe(404);
    expect((await server.send(`GET ${path}`, { authorization: undefined })).status).toBe(401);
  });

  test('works through a link to a layer, too', async () => {
    await using server = await serve();
    await server.pushImage('app', image, 'v1');
    const target = { registry: REGISTRY, repositoryName: 'app', digest: layer.digest };
    const link = layerLinkPath(target, server.edge.links.sign(target));
    const { status, headers } = await server.send(`GET ${link}`, { authorization: undefined });
    expect(status).toBe(307);
    expect(Buffer.from(await (await fetch(String(headers.location))).arrayBuffer()).equals(layer.bytes)).toBe(true);
    expect((await server.send(`HEAD ${link}`, { authorization: undefined })).status).toBe(200);
  });
});
