import { mkdir, rename, rmdir } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { BlobStore } from '../../src/blobs/blob-store.ts';
import { scopeOf } from '../../src/metadata/repositories.ts';
import { CONDEMN_BATCH, condemn } from '../../src/registry/collection/condemn.ts';
import { dismantle } from '../../src/registry/collection/dismantle.ts';
import { ERASE_TIME, erase } from '../../src/registry/collection/erase.ts';
import { purge } from '../../src/registry/collection/purge.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { findBlob, promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { insertBlob } from '../contract/metadata/fixture.ts';
import { blobPath } from '../support/blob-path.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  type Blob,
  type BuiltManifest,
  blobOf,
  buildImage,
  buildIndex,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
  REGISTRY,
} from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { HOUR, openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';

const { grace, lease } = TEST_RETENTION;

const sizeOf = (...blobs: readonly Blob[]) => blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0);
const remove = (stores: Stores, path: RepositoryPath, image: BuiltManifest) =>
  deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);

/** Turns the clock beyond every lease, and collects what is due until then: only what images name is left. */
async function outliveLeases(stores: Stores): Promise<void> {
  stores.clock.advance(lease);
  await collect(stores.ports);
}

async function readBlob({ ports }: Stores, path: RepositoryPath, blob: Blob): Promise<boolean> {
  const found = await findBlob(ports, path, blob.digest);
  return found !== undefined && (await buffer(await ports.blobs.open(found.storageKey))).equals(blob.bytes);
}

describe('The bytes of a deleted image', () => {
  test('stay for the grace, and then leave the disk', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1');
    await outliveLeases(stores);
    expect(await stores.bytesStored()).toBe(sizeOf(...image.blobs));

    await remove(stores, path, image);
    stores.clock.advance(grace - 1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(sizeOf(...image.blobs));
    for (const blob of image.blobs) expect(await readBlob(stores, path, blob)).toBe(true);

    stores.clock.advance(1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    for (const blob of image.blobs) expect(await findBlob(stores.ports, path, blob.digest)).toBeUndefined();
    await checkStores(stores);
  });

  test('stay as long as another image in any repository, of any account or region, names them', async () => {
    await using stores = await openStores();
    const layer = blobOf('a layer of many images');
    const [one, other, elsewhere, foreign] = [
      await makeRepository(stores.ports, 'one'),
      await makeRepository(stores.ports, 'other'),
      await makeRepository(stores.ports, 'one', { ...REGISTRY, region: 'eu-west-1' }),
      await makeRepository(stores.ports, 'one', { ...REGISTRY, id: '111111111111' }),
    ];
    const users = [one, one, other, elsewhere, foreign].map((path, at) => ({
      path,
      image: buildImage(`user ${at}`, { layers: [layer] }),
    }));
    for (const { path, image } of users) await pushImage(stores.ports, path, image);
    await outliveLeases(stores);
    while (users.length > 0) {
      const last = users.pop();
      if (last) await remove(stores, last.path, last.image);
      stores.clock.advance(grace);
      await collect(stores.ports);
      const expected = users.length === 0 ? 0 : sizeOf(layer, ...users.map(({ image }) => image.blobs[0] ?? layer));
      expect(await stores.bytesStored()).toBe(expected);
      for (const { path } of users) expect(await readBlob(stores, path, layer)).toBe(true);
      await checkStores(stores);
    }
  });

  test('are out of sight in a repository whose images no longer name them, while another repository keeps them', async () => {
    await using stores = await openStores();
    const layer = blobOf('shared');
    const [one, other] = [await makeRepository(stores.ports, 'one'), await makeRepository(stores.ports, 'other')];
    const image = buildImage('a', { layers: [layer] });
    for (const path of [one, other]) await pushImage(stores.ports, path, image);
    await outliveLeases(stores);
    await remove(stores, one, image);
    stores.clock.advance(grace);
    await collect(stores.ports);
    expect(await findBlob(stores.ports, one, layer.digest)).toBeUndefined();
    expect(await readBlob(stores, other, layer)).toBe(true);
  });

  test('go when an index and then what it listed is deleted, and not before', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const child = buildImage('child');
    const index = buildIndex([child]);
    await pushImage(stores.ports, path, index, 'v1');
    await outliveLeases(stores);
    await remove(stores, path, index);
    stores.clock.advance(24 * HOUR);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(sizeOf(...child.blobs));
    await remove(stores, path, child);
    stores.clock.advance(grace);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
  });

  test('are not condemned before what named them is purged, whatever is counted', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image);
    await outliveLeases(stores);
    await remove(stores, path, image);
    stores.clock.advance(grace);
    expect(await condemn(stores.ports)).toEqual({ unlinked: 0, blobs: 0, bytes: 0 });
    expect(await purge(stores.ports)).toBe(1);
    expect(await condemn(stores.ports)).toEqual({ unlinked: 2, blobs: 2, bytes: sizeOf(...image.blobs) });
    await checkCounters(stores);
  });

  test('stay for the undo window when that is longer than the grace, and no longer', async () => {
    await using stores = await openStores({ retention: { undo: 3 * grace } });
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, buildIndex([image]), 'v1');
    await outliveLeases(stores);
    await deleteImages(stores.ports, path, [{ imageTag: 'v1' }]);
    await remove(stores, path, image);
    stores.clock.advance(3 * grace - 1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(sizeOf(...image.blobs));
    stores.clock.advance(1);
    // Index, image and bytes in one round.
    expect(await collect(stores.ports)).toMatchObject({ purgedImages: 2, condemnedBlobs: 2, erasedKeys: 2 });
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });

  test('go with the repository when that is deleted, after the grace', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, buildIndex([image]), 'v1');
    await pushBlob(stores.ports, path, blobOf('never named'));
    await deleteRepository(stores.ports, path, { force: true });
    stores.clock.advance(grace - 1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(sizeOf(...image.blobs, blobOf('never named')));
    // The lease of the upload went with the repository: nobody can push a manifest to it any more.
    stores.clock.advance(lease);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });
});

describe('A lease', () => {
  test('keeps an uploaded blob that no image names to its last moment, and not a moment longer', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const blob = blobOf('waiting for its manifest');
    await pushBlob(stores.ports, path, blob);
    stores.clock.advance(lease - 1);
    await collect(stores.ports);
    expect(await readBlob(stores, path, blob)).toBe(true);
    stores.clock.advance(1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
  });

  test('is given again for every promise that would hold for less than half of it', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const blob = blobOf('asked for');
    await pushBlob(stores.ports, path, blob);
    const leaseLeft = async () =>
      ((await findBlob(stores.ports, path, blob.digest))?.keepUntil ?? 0) - stores.clock.now();
    stores.clock.advance(lease / 2);
    expect(await promiseBlobs(stores.ports, path, [blob.digest])).toHaveLength(1);
    expect(await leaseLeft()).toBe(lease / 2);
    for (const later of [lease / 2 - 1, lease / 2 + 1, lease - 1, lease / 2 + 1]) {
      stores.clock.advance(later);
      await collect(stores.ports);
      expect(await promiseBlobs(stores.ports, path, [blob.digest])).toHaveLength(1);
      expect(await leaseLeft()).toBe(lease);
    }
    stores.clock.advance(lease);
    await collect(stores.ports);
    expect(await promiseBlobs(stores.ports, path, [blob.digest])).toEqual([]);
    expect(await stores.bytesStored()).toBe(0);
  });

  test('is given by a mount, and holds when the image in the source is deleted', async () => {
    await using stores = await openStores();
    const [source, target] = [
      await makeRepository(stores.ports, 'source'),
      await makeRepository(stores.ports, 'target'),
    ];
    const image = buildImage('a');
    await pushImage(stores.ports, source, image);
    await outliveLeases(stores);
    for (const blob of image.blobs) expect(await mountBlob(stores.ports, target, source, blob.digest)).toBe(true);
    await remove(stores, source, image);
    stores.clock.advance(lease - 1);
    await collect(stores.ports);
    await putManifest(stores.ports, target, image, 'v1');
    stores.clock.advance(24 * HOUR);
    await collect(stores.ports);
    for (const blob of image.blobs) expect(await readBlob(stores, target, blob)).toBe(true);
    expect(await findBlob(stores.ports, source, image.blobs[0]?.digest ?? '')).toBeUndefined();
    await checkStores(stores);
  });

  test('is not needed by blobs that an image names, however old they are', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image);
    for (let years = 0; years < 3; years++) {
      stores.clock.advance(365 * 24 * HOUR);
      await collect(stores.ports);
    }
    for (const blob of image.blobs) expect(await readBlob(stores, path, blob)).toBe(true);
    expect((await condemn(stores.ports)).unlinked).toBe(0);
  });

  test('that a mount gave ends like any other, when no manifest follows', async () => {
    await using stores = await openStores();
    const [source, target] = [
      await makeRepository(stores.ports, 'source'),
      await makeRepository(stores.ports, 'target'),
    ];
    const blob = blobOf('mounted');
    await pushBlob(stores.ports, source, blob);
    stores.clock.advance(lease - 1);
    expect(await mountBlob(stores.ports, target, source, blob.digest)).toBe(true);
    stores.clock.advance(lease - 1);
    await collect(stores.ports);
    expect(await findBlob(stores.ports, source, blob.digest)).toBeUndefined();
    expect(await readBlob(stores, target, blob)).toBe(true);
    stores.clock.advance(1);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
  });
});

describe('An image that is pushed again after its deletion', () => {
  test.each([
    ['before anything else happened', async (_: Stores) => {}],
    ['when the grace is over', async (stores: Stores) => stores.clock.advance(grace)],
    [
      'when its blobs are condemned but not erased',
      async (stores: Stores) => {
        stores.clock.advance(grace);
        expect(await purge(stores.ports)).toBe(1);
        expect((await condemn(stores.ports)).blobs).toBe(2);
      },
    ],
    [
      'when its blobs are erased',
      async (stores: Stores) => {
        stores.clock.advance(grace);
        await collect(stores.ports);
        expect(await stores.bytesStored()).toBe(0);
      },
    ],
  ])('%s, is whole and stays so', async (_, meanwhile) => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('again');
    await pushImage(stores.ports, path, image, 'v1');
    await outliveLeases(stores);
    await remove(stores, path, image);
    await meanwhile(stores);
    await pushImage(stores.ports, path, image, 'v1');
    stores.clock.advance(24 * HOUR);
    await collect(stores.ports);
    for (const blob of image.blobs) expect(await readBlob(stores, path, blob)).toBe(true);
    expect(await stores.bytesStored()).toBe(sizeOf(...image.blobs));
    await checkStores(stores);
  });
});

describe('An erasure that fails', () => {
  test('is tried again, each time after twice as long, up to an hour', async ({ skip }) => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const blob = blobOf('stuck');
    await pushBlob(stores.ports, path, blob);
    const key = (await findBlob(stores.ports, path, blob.digest))?.storageKey ?? '';
    const folder =
      folderOf(stores.bytes) ?? skip('a single erasure is made to fail by a folder in the place of a file');
    const file = blobPath(folder, key);
    await rename(file, `${file}.aside`);
    await mkdir(file);

    stores.clock.advance(lease);
    expect(await condemn(stores.ports)).toEqual({ unlinked: 1, blobs: 1, bytes: 5 });
    expect(await erase(stores.ports)).toEqual({ tried: 1, erased: 0, bytes: 0 });
    const waits: number[] = [];
    for (let times = 0; times < 11; times++) {
      let waited = 0;
      const step = 1000;
      while ((await erase(stores.ports)).tried === 0) {
        const left = times < 9 ? step : 100 * step;
        stores.clock.advance(left);
        waited += left;
      }
      waits.push(waited / 1000);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);

    await rmdir(file);
    await rename(`${file}.aside`, file);
    stores.clock.advance(HOUR);
    expect(await erase(stores.ports)).toEqual({ tried: 1, erased: 1, bytes: 5 });
    expect(await erase(stores.ports)).toEqual({ tried: 0, erased: 0, bytes: 0 });
    expect(await stores.bytesStored()).toBe(0);
  });

  test('as a whole leaves everything to be tried again, and nothing is forgotten', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    await pushImage(stores.ports, path, buildImage('a'));
    await deleteRepository(stores.ports, path, { force: true });
    stores.clock.advance(lease);
    await dismantle(stores.ports);
    expect(await purge(stores.ports)).toBe(1);
    await condemn(stores.ports);
    const broken: BlobStore = {
      open: (key) => stores.ports.blobs.open(key),
      list: () => stores.ports.blobs.list(),
      stat: (keys) => stores.ports.blobs.stat(keys),
      erase: () => Promise.reject(new Error('the store is away')),
    };
    await expect(erase({ ...stores.ports, blobs: broken })).rejects.toThrow('the store is away');
    // Where several processes erase, this one may still be at it.
    stores.clock.advance(ERASE_TIME);
    expect((await erase(stores.ports)).erased).toBe(2);
    expect(await stores.bytesStored()).toBe(0);
  });
});

test('Collection comes to an end batch by batch, and blobs under a lease do not stand in the way of the others', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const { clock, ports } = stores;
  const count = CONDEMN_BATCH * 2 + 50;
  await ports.metadata.write(async (tx) => {
    const scope = scopeOf(await getRepository(tx, path));
    // Every other one is under a lease.
    for (let at = 0; at < 2 * count; at++) {
      await tx.links.put(scope, await insertBlob(tx, `blob ${at}`), clock.now() + (at % 2 === 0 ? HOUR : 0));
    }
  });
  const rounds: { unlinked: number; blobs: number }[] = [];
  do {
    const { unlinked, blobs } = await condemn(ports);
    rounds.push({ unlinked, blobs });
  } while (rounds.at(-1)?.unlinked === CONDEMN_BATCH);
  expect(rounds.map(({ unlinked }) => unlinked)).toEqual([CONDEMN_BATCH, CONDEMN_BATCH, 50]);
  expect(rounds.reduce((sum, { blobs }) => sum + blobs, 0)).toBe(count);
  expect(await condemn(ports)).toEqual({ unlinked: 0, blobs: 0, bytes: 0 });
  clock.advance(HOUR);
  await collect(ports);
  expect(await promiseBlobs(ports, path, [blobOf('blob 0').digest])).toEqual([]);
});

test('A clock that is set back erases nothing that it should not', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const image = buildImage('a');
  await pushImage(stores.ports, path, image, 'v1');
  const waiting = blobOf('waiting');
  await pushBlob(stores.ports, path, waiting);
  stores.clock.advance(-365 * 24 * HOUR);
  await collect(stores.ports);
  for (const blob of [...image.blobs, waiting]) expect(await readBlob(stores, path, blob)).toBe(true);
  await checkStores(stores);
});
