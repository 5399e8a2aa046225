import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { condemn } from '../../src/registry/collection/condemn.ts';
import { erase } from '../../src/registry/collection/erase.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { findBlob, promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { beginUpload } from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores, runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { type Blob, buildImage, chunksOf, layerOf, makeRepository, pushBlob, pushImage } from '../support/images.ts';
import { forAnyOrder } from '../support/interleave.ts';
import type { Bytes } from '../support/stored/bytes.ts';
import { HOUR, MINUTE, openStores, type Stores } from '../support/stores.ts';

const layer = layerOf('precious');
const image = buildImage('app', { layers: [layer] });

async function keyOf({ ports }: Stores, path: RepositoryPath, blob: Blob) {
  const found = await findBlob(ports, path, blob.digest);
  if (!found) throw new Error(`The repository does not see ${blob.digest}`);
  return found.storageKey;
}

/** Uploads the blob, and answers what its completion said. */
async function upload(ports: Ports, path: RepositoryPath, blob: Blob) {
  const under = { ...path, uploadId: await beginUpload(ports, path) };
  await appendToUpload(ports, under, { bytes: chunksOf(blob.bytes), first: 0, length: undefined });
  return completeUpload(ports, under, blob.digest);
}

describe('A blob whose bytes the store has lost', () => {
  test.each([
    ['which are gone', (bytes: Bytes, key: string) => bytes.lose(key)],
    ['of which some are left', (bytes: Bytes, key: string) => bytes.plant(key, layer.bytes.subarray(0, 5))],
  ])('%s, is not promised to anybody, and whole again after a push', async (_, harm) => {
    await using stores = await openStores();
    const { ports } = stores;
    const [app, other] = [await makeRepository(ports, 'app'), await makeRepository(ports, 'other')];
    await pushImage(ports, app, image, 'v1');
    const lost = await keyOf(stores, app, layer);
    await harm(stores.bytes, lost);
    // What was seen a moment ago may be taken to be there still.
    stores.clock.advance(MINUTE);

    expect(await promiseBlobs(ports, app, [layer.digest])).toEqual([]);
    expect(await mountBlob(ports, other, app, layer.digest)).toBe(false);
    expect(await findBlob(ports, other, layer.digest)).toBeUndefined();
    expect(
      await promiseBlobs(
        ports,
        app,
        image.blobs.map((blob) => blob.digest),
      ),
    ).toHaveLength(1);

    expect(await upload(ports, other, layer)).toEqual({
      alreadyThere: false,
      healed: true,
      size: layer.bytes.byteLength,
    });
    expect((await runCheck(ports, { deep: true, repair: false })).findings).toEqual([]);
    const key = await keyOf(stores, app, layer);
    expect(key).not.toBe(lost);
    expect((await buffer(await ports.blobs.open(key))).equals(layer.bytes)).toBe(true);
    expect(await promiseBlobs(ports, app, [layer.digest])).toHaveLength(1);
    expect(await mountBlob(ports, other, app, layer.digest)).toBe(true);

    await collect(ports);
    await checkStores(stores);
    expect(await stores.bytes.read(lost)).toBeUndefined();
    expect(await upload(ports, app, layer)).toMatchObject({ alreadyThere: true, healed: false });
    expect(await keyOf(stores, app, layer)).toBe(key);
    stores.clock.advance(48 * HOUR);
    await collect(ports);
    expect((await buffer(await ports.blobs.open(key))).equals(layer.bytes)).toBe(true);
    await checkStores(stores);
  });

  test('is healed once, whoever of several that push it comes first', async () => {
    await forAnyOrder({ runs: 40 }, async (stores, run) => {
      const { ports } = stores;
      const app = await makeRepository(ports, 'app');
      await pushImage(ports, app, image, 'v1');
      await stores.bytes.lose(await keyOf(stores, app, layer));
      const push = (party: Ports) => upload(party, app, layer);
      const outcomes = await run(push, push, (party) => collect(party));
      expect(outcomes.slice(0, 2).filter((outcome) => (outcome as { healed: boolean }).healed)).toHaveLength(1);
      await collect(ports);
      await checkStores(stores);
    });
  });
});

test('A push beside the end of the last image that had the blob finds it or makes it anew, and never heals what is well', async () => {
  await forAnyOrder({ runs: 60, retention: { grace: 0, lease: HOUR } }, async (stores, run) => {
    const { ports } = stores;
    const [app, other] = [await makeRepository(ports, 'app'), await makeRepository(ports, 'other')];
    await pushImage(ports, app, image, 'v1');
    stores.clock.advance(2 * HOUR);
    const [outcome] = await run(
      (party) => upload(party, other, layer),
      async (party) => {
        await deleteImages(party, app, [{ imageTag: 'v1' }]);
        await collect(party);
      },
      async (party) => {
        await condemn(party);
        await erase(party);
      },
    );
    expect(outcome).toMatchObject({ healed: false });
    expect(await promiseBlobs(ports, other, [layer.digest])).toHaveLength(1);
    await collect(ports);
    await checkStores(stores);
  });
});

test('A store that has lost everything is whole again when every image is pushed again', async () => {
  await using stores = await openStores();
  const { ports } = stores;
  const app = await makeRepository(ports, 'app');
  const images = ['a', 'b', 'c'].map((name) => buildImage(name, { layers: [layer, layerOf(name)] }));
  for (const [at, one] of images.entries()) await pushImage(ports, app, one, `v${at}`);
  for (const name of (await stores.bytes.sizes()).keys()) await stores.bytes.lose(stores.bytes.keyOf(name));
  stores.clock.advance(MINUTE);
  const { findings } = await runCheck(ports, { deep: true, repair: true, force: true, strayAge: -Infinity });
  expect(findings.map(({ kind }) => kind)).toEqual(Array(7).fill('bytes missing'));
  for (const one of images) {
    for (const blob of one.blobs) {
      if ((await promiseBlobs(ports, app, [blob.digest])).length === 0) await pushBlob(ports, app, blob);
    }
  }
  expect((await runCheck(ports, { deep: true, repair: false })).findings).toEqual([]);
  await collect(ports);
  await checkStores(stores);
});
