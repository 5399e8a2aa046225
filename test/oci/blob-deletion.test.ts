import { expect, test } from 'vitest';
import { restoreImages } from '../../src/registry/deletion/restore.ts';
import { promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, REGISTRY, tagOf } from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { HOUR, MINUTE, TEST_RETENTION } from '../support/stores.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const CONTENT = blobOf('a blob to delete');
const path = (repositoryName: string) => ({ registry: REGISTRY, repositoryName });
const remove = (server: OciServer, digest: string = CONTENT.digest, repository = 'app') =>
  server.send(`DELETE /v2/${repository}/blobs/${digest}`);
const statusOf = async (server: OciServer, digest: string = CONTENT.digest, repository = 'app') =>
  (await server.send(`HEAD /v2/${repository}/blobs/${digest}`)).status;

const UNKNOWN = `The blob with digest '${CONTENT.digest}' does not exist within the repository with name 'app' in the registry with id '000000000000'`;

test('a deleted blob is as if it had never been there, whatever lease it had', async () => {
  await using server = await startOci();
  const { ports } = server.stores;
  const image = buildImage('late', { layers: [CONTENT] });
  for (const blob of image.blobs) await server.pushBlob('app', blob);
  expect(await statusOf(server)).toBe(200);
  expect(await remove(server)).toMatchObject({ status: 202, text: '' });

  expect(await statusOf(server)).toBe(404);
  expectFault(await server.send(`GET /v2/app/blobs/${CONTENT.digest}`), 404, 'BLOB_UNKNOWN', UNKNOWN);
  expectFault(await remove(server), 404, 'BLOB_UNKNOWN', UNKNOWN);
  expect(await promiseBlobs(ports, path('app'), [CONTENT.digest])).toEqual([]);
  await server.beginUpload('other');
  expect(await mountBlob(ports, path('other'), path('app'), CONTENT.digest)).toBe(false);
  expectFault(
    await server.putManifest('app', image, 'v1'),
    400,
    'MANIFEST_BLOB_UNKNOWN',
    `Layers with digests '[${CONTENT.digest}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`,
  );
  await checkCounters(server.stores);
  await checkStores(server.stores);
});

test('its bytes stay for the grace and then leave the disk, unless another repository sees them', async () => {
  await using server = await startOci();
  const other = blobOf('only here');
  await server.pushBlob('app', CONTENT);
  await server.pushBlob('app', other);
  await server.pushBlob('twin', CONTENT);
  await server.pushImage('twin', buildImage('twin', { layers: [CONTENT] }), 'v1');
  await collect(server.stores.ports);
  const before = await server.stores.bytesStored();
  for (const { digest } of [CONTENT, other]) expect((await remove(server, digest)).status).toBe(202);
  server.clock.advance(TEST_RETENTION.grace - 1);
  await collect(server.stores.ports);
  expect(await server.stores.bytesStored()).toBe(before);
  server.clock.advance(1);
  await collect(server.stores.ports);
  expect(await server.stores.bytesStored()).toBe(before - other.bytes.byteLength);
  expect(await statusOf(server, CONTENT.digest, 'twin')).toBe(200);
  await checkCounters(server.stores);
  await checkStores(server.stores);
});

test('a blob that is pushed or mounted again is there again, for as long as any', async () => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  await server.pushBlob('source', CONTENT);
  for (const again of [
    () => server.pushBlob('app', CONTENT),
    () => server.send(`POST /v2/app/blobs/uploads/?mount=${CONTENT.digest}&from=source`),
  ]) {
    expect((await remove(server)).status).toBe(202);
    expect(await statusOf(server)).toBe(404);
    await again();
    server.clock.advance(HOUR - MINUTE);
    await collect(server.stores.ports);
    expect(await statusOf(server)).toBe(200);
  }
  await checkCounters(server.stores);
});

test('a blob that an image of the repository names is refused, until the last one is deleted', async () => {
  await using server = await startOci();
  const [one, two] = ['one', 'two'].map((name) => buildImage(name, { layers: [CONTENT] }));
  if (!one || !two) throw new Error('no images');
  await server.pushImage('app', one, 'v1');
  await server.pushImage('app', two, 'v2');
  await server.pushBlob('other', CONTENT);
  for (const tag of ['v1', 'v2']) {
    expectFault(
      await remove(server),
      405,
      'UNSUPPORTED',
      `The blob with digest '${CONTENT.digest}' cannot be deleted while images of the repository with name 'app' in the registry with id '000000000000' use it`,
    );
    expect(await statusOf(server)).toBe(200);
    expect((await server.send(`DELETE /v2/app/manifests/${tag}`)).status).toBe(202);
  }
  // Another repository's images are of no account.
  expect((await remove(server, CONTENT.digest, 'other')).status).toBe(202);
  expect((await remove(server)).status).toBe(202);
  expect(await statusOf(server)).toBe(404);
  server.clock.advance(2 * HOUR);
  await collect(server.stores.ports);
  await checkStores(server.stores);
});

test('an image that is restored brings the blob back that was deleted since', async () => {
  await using server = await startOci({ retention: { undo: 24 * HOUR, grace: 0 } });
  const { ports } = server.stores;
  const image = buildImage('undone', { layers: [CONTENT] });
  await server.pushImage('app', image, 'v1');
  await server.send('DELETE /v2/app/manifests/v1');
  expect((await remove(server)).status).toBe(202);
  expect(await statusOf(server)).toBe(404);
  server.clock.advance(2 * HOUR);
  await collect(ports);
  expect(await statusOf(server)).toBe(404);
  await checkCounters(server.stores);
  expect((await restoreImages(ports, path('app'), [{ imageTag: tagOf('v1') }])).failures).toEqual([]);
  expect((await server.send(`GET /v2/app/blobs/${CONTENT.digest}`)).text).toBe('a blob to delete');
  expect((await remove(server)).status).toBe(405);
  await checkCounters(server.stores);
  await checkStores(server.stores);
});

test('what is not there cannot be deleted', async () => {
  await using server = await startOci();
  await server.beginUpload('app');
  await server.pushBlob('other', CONTENT);
  expectFault(await remove(server), 404, 'BLOB_UNKNOWN', UNKNOWN);
  const missing = "The repository with name 'gone' does not exist in the registry with id '000000000000'";
  expectFault(await remove(server, CONTENT.digest, 'gone'), 404, 'NAME_UNKNOWN', missing);
  expect((await remove(server, 'sha256:baddigeststring')).status).toBe(400);
});
