import { expect, test } from 'vitest';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../src/registry/deletion/restore.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { deleteBlob } from '../../src/registry/layer/delete-blob.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  blobOf,
  buildImage,
  buildIndex,
  descriptorOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
} from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { expectWhole } from '../support/schedules/scenes.ts';
import { HOUR, openStores, type Stores } from '../support/stores.ts';

const LAYER = blobOf('a layer that comes late');
const IMAGE = buildImage('sparse', { layers: [LAYER] });
const [CONFIG] = IMAGE.blobs;
if (!CONFIG) throw new Error('an image has a config');

async function openWith(retention = {}): Promise<{ stores: Stores; path: RepositoryPath }> {
  const stores = await openStores({ retention: { grace: 0, ...retention } });
  return { stores, path: await makeRepository(stores.ports, 'app') };
}

async function sizesIn({ ports }: Stores, path: RepositoryPath): Promise<Record<string, number>> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 99 });
  return Object.fromEntries(items.map((image) => [image.digest, image.imageSize]));
}

/** Beyond every lease: only what images name is left. */
async function outlive(stores: Stores): Promise<void> {
  stores.clock.advance(3 * HOUR);
  await collect(stores.ports);
  await checkCounters(stores);
  await checkStores(stores);
}

test.each(['pushed', 'mounted'])(
  'a blob that is %s after the image that names it is kept for it, and goes with it',
  async (how) => {
    const { stores, path } = await openWith();
    await using _ = stores;
    const { ports } = stores;
    await putManifest(ports, path, IMAGE, 'v1', 'accept');
    await pushBlob(ports, path, CONFIG);
    expect(await sizesIn(stores, path)).toEqual({ [IMAGE.digest]: CONFIG.bytes.byteLength });
    if (how === 'pushed') await pushBlob(ports, path, LAYER);
    else {
      const source = await makeRepository(ports, 'source');
      await pushBlob(ports, source, LAYER);
      expect(await mountBlob(ports, path, source, LAYER.digest)).toBe(true);
    }
    expect(await sizesIn(stores, path)).toEqual({
      [IMAGE.digest]: CONFIG.bytes.byteLength + LAYER.bytes.byteLength,
    });
    await outlive(stores);
    await expectWhole(stores, path, IMAGE);
    await expect(deleteBlob(ports, path, LAYER.digest)).rejects.toMatchObject({ code: 'BlobReferenced' });
    await deleteImages(ports, path, [{ imageTag: 'v1' }]);
    await outlive(stores);
    expect(await stores.bytesStored()).toBe(0);
  },
);

test('an image that comes after the index that lists it is kept by it, and makes it and what lists it as large', async () => {
  const { stores, path } = await openWith();
  await using _ = stores;
  const { ports } = stores;
  const [small, index] = [buildImage('small'), buildIndex([IMAGE, buildImage('never')])];
  const above = buildIndex([index, small]);
  await pushImage(ports, path, small);
  const smallSize = (await sizesIn(stores, path))[small.digest];
  await putManifest(ports, path, above, 'above', 'accept');
  await putManifest(ports, path, index, 'index', 'accept');
  expect(await sizesIn(stores, path)).toMatchObject({ [index.digest]: 0, [above.digest]: smallSize });
  const image = buildImage('sparse', { layers: [LAYER] });
  await putManifest(ports, path, image, undefined, 'accept');
  const answer = await deleteImages(ports, path, [{ imageDigest: IMAGE.digest }]);
  expect(answer.failures).toMatchObject([{ code: 'ImageReferencedByManifestList' }]);
  await pushBlob(ports, path, CONFIG);
  await pushBlob(ports, path, LAYER);
  const size = CONFIG.bytes.byteLength + LAYER.bytes.byteLength;
  expect(await sizesIn(stores, path)).toMatchObject({
    [IMAGE.digest]: size,
    [index.digest]: size,
    [above.digest]: Math.max(size, smallSize ?? 0),
  });
  await outlive(stores);
  await expectWhole(stores, path, IMAGE);
  await deleteImages(ports, path, [{ imageTag: 'above' }]);
  await deleteImages(ports, path, [{ imageTag: 'index' }]);
  await deleteImages(ports, path, [{ imageDigest: IMAGE.digest }]);
  await outlive(stores);
  expect(Object.keys(await sizesIn(stores, path))).toEqual([small.digest]);
});

test('what comes while the image is deleted and can be restored is held for it', async () => {
  const { stores, path } = await openWith({ undo: 24 * HOUR });
  await using _ = stores;
  const { ports } = stores;
  const index = buildIndex([IMAGE]);
  await putManifest(ports, path, IMAGE, 'v1', 'accept');
  await putManifest(ports, path, buildIndex([buildImage('other'), IMAGE]), 'other', 'accept');
  await deleteImages(ports, path, [{ imageTag: 'other' }]);
  await deleteImages(ports, path, [{ imageTag: 'v1' }]);
  await putManifest(ports, path, index, 'index', 'accept');
  for (const blob of IMAGE.blobs) await pushBlob(ports, path, blob);
  await outlive(stores);
  expect((await restoreImages(ports, path, 'all')).failures).toEqual([]);
  await outlive(stores);
  await expectWhole(stores, path, index);
  expect((await deleteImages(ports, path, [{ imageDigest: IMAGE.digest }])).failures).toHaveLength(1);
});

test('an index that is restored is as large as what it lists by now, which may have come with more or with less', async () => {
  const { stores, path } = await openWith({ undo: 24 * HOUR });
  await using _ = stores;
  const { ports } = stores;
  const index = buildIndex([IMAGE]);
  const size = CONFIG.bytes.byteLength + LAYER.bytes.byteLength;
  await pushImage(ports, path, index, 'index');
  for (const round of ['with less', 'with more']) {
    await deleteImages(ports, path, [{ imageTag: 'index' }]);
    await deleteImages(ports, path, [{ imageDigest: IMAGE.digest }]);
    if (round === 'with less') await deleteBlob(ports, path, LAYER.digest);
    else for (const blob of IMAGE.blobs) await pushBlob(ports, path, blob);
    await putManifest(ports, path, IMAGE, undefined, 'accept');
    await restoreImages(ports, path, [{ imageTag: 'index' }]);
    const expected = round === 'with less' ? CONFIG.bytes.byteLength : size;
    expect(await sizesIn(stores, path), round).toEqual({ [index.digest]: expected, [IMAGE.digest]: expected });
    await checkCounters(stores);
    await checkStores(stores);
  }
});

test('what an image lacks because it was deleted by itself belongs to it when the restoration of another brings it back', async () => {
  const { stores, path } = await openWith({ undo: 24 * HOUR });
  await using _ = stores;
  const { ports } = stores;
  const twin = buildImage('twin', { layers: [LAYER] });
  await pushImage(ports, path, twin, 'twin');
  await deleteImages(ports, path, [{ imageTag: 'twin' }]);
  await deleteBlob(ports, path, LAYER.digest);
  await pushBlob(ports, path, CONFIG);
  await putManifest(ports, path, IMAGE, 'v1', 'accept');
  await checkCounters(stores);
  await restoreImages(ports, path, [{ imageTag: 'twin' }]);
  await deleteImages(ports, path, [{ imageTag: 'twin' }]);
  await outlive(stores);
  await outlive(stores);
  stores.clock.advance(25 * HOUR);
  await outlive(stores);
  await expectWhole(stores, path, IMAGE);
});

test('a blob of another size than the manifest gives is not what it names', async () => {
  const { stores, path } = await openWith();
  await using _ = stores;
  const { ports } = stores;
  await pushBlob(ports, path, CONFIG);
  const wrong = { ...descriptorOf('application/vnd.oci.image.layer.v1.tar', LAYER), size: 3 };
  const config = descriptorOf('application/vnd.oci.image.config.v1+json', CONFIG);
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [wrong] }));
  const liar = { ...IMAGE, bytes: manifest };
  await putManifest(ports, path, liar, 'v1', 'accept');
  await pushBlob(ports, path, LAYER);
  await outlive(stores);
  await expect(deleteBlob(ports, path, LAYER.digest)).rejects.toMatchObject({ code: 'BlobUnknown' });
  await pushBlob(ports, path, LAYER);
  const late = putManifest(
    ports,
    path,
    { ...liar, bytes: Buffer.concat([manifest, Buffer.from(' ')]) },
    'v2',
    'accept',
  );
  await expect(late).rejects.toMatchObject({ code: 'InvalidManifest' });
});

test('a layer that may live elsewhere belongs to the image when it comes here, without any setting', async () => {
  const { stores, path } = await openWith();
  await using _ = stores;
  const { ports } = stores;
  const config = descriptorOf('application/vnd.oci.image.config.v1+json', CONFIG);
  const foreign = descriptorOf('application/vnd.oci.image.layer.nondistributable.v1.tar', LAYER);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [foreign] }));
  await pushBlob(ports, path, CONFIG);
  await putManifest(ports, path, { ...IMAGE, bytes }, 'v1');
  await pushBlob(ports, path, LAYER);
  await outlive(stores);
  await expect(deleteBlob(ports, path, LAYER.digest)).rejects.toMatchObject({ code: 'BlobReferenced' });
});
