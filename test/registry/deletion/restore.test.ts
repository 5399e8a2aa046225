import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { listRestorable } from '../../../src/registry/deletion/list-restorable.ts';
import { restoreImages, restoreRepository } from '../../../src/registry/deletion/restore.ts';
import { describeImages } from '../../../src/registry/image/describe-images.ts';
import { deleteRepository } from '../../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { readRegistryUsage, readRepositoryUsage } from '../../../src/registry/usage/read-usage.ts';
import { checkStores } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import { buildImage, buildIndex, makeRepository, pushImage, putManifest, REGISTRY } from '../../support/images.ts';
import { HOUR, MINUTE, openStores, type Stores } from '../../support/stores.ts';

const DAY = 24 * HOUR;
const open = () => openStores({ retention: { undo: DAY } });

/** Every image and its tags, as DescribeImages tells them. */
async function contents({ ports }: Stores, path: RepositoryPath) {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 100 });
  return Object.fromEntries(items.map(({ digest, tags }) => [digest, tags]));
}

const remove = ({ ports }: Stores, path: RepositoryPath, ...imageIds: Parameters<typeof deleteImages>[2]) =>
  deleteImages(ports, path, imageIds);

describe('Within the undo window', () => {
  test('an image answers as deleted, comes back with its tags in order, dates and bytes, and is counted as held meanwhile', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'z', 'a', 'm');
    const [before, usage] = [await contents(stores, path), await readRepositoryUsage(stores.ports, path)];
    await remove(stores, path, { imageDigest: image.digest });
    expect(await contents(stores, path)).toEqual({});
    expect(await readRepositoryUsage(stores.ports, path)).toEqual({
      images: 0,
      logicalBytes: 0,
      liveBytes: 0,
      heldBytes: usage.liveBytes,
      idleBytes: 0,
    });
    stores.clock.advance(DAY - 1);
    await collect(stores.ports);
    expect(await restoreImages(stores.ports, path, [{ imageDigest: image.digest }])).toEqual({
      restored: ['z', 'a', 'm'].map((imageTag) => ({ imageDigest: image.digest, imageTag })),
      failures: [],
    });
    expect(await contents(stores, path)).toEqual(before);
    expect(await readRepositoryUsage(stores.ports, path)).toEqual(usage);
    stores.clock.advance(3 * DAY);
    await collect(stores.ports);
    expect(await contents(stores, path)).toEqual(before);
    await checkStores(stores);
  });

  test('nothing is left of it once the window is closed, neither to restore nor on the disk', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1');
    await remove(stores, path, { imageTag: 'v1' });
    stores.clock.advance(DAY);
    expect((await restoreImages(stores.ports, path, [{ imageTag: 'v1' }])).failures).toMatchObject([
      { imageId: { imageTag: 'v1' }, code: 'ImageNotFound' },
    ]);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    expect((await listRestorable(stores.ports, path, { limit: 10 })).items).toEqual([]);
    await checkStores(stores);
  });

  test('a tag that has been given to another image since stays there, and the image comes back without it', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const [a, b] = [buildImage('a'), buildImage('b')];
    await pushImage(stores.ports, path, a, 'latest', 'a1');
    await remove(stores, path, { imageDigest: a.digest });
    await pushImage(stores.ports, path, b, 'latest');
    const { restored, failures } = await restoreImages(stores.ports, path, [{ imageDigest: a.digest }]);
    expect(restored).toEqual([{ imageDigest: a.digest, imageTag: 'a1' }]);
    expect(failures).toMatchObject([
      { imageId: { imageDigest: a.digest, imageTag: 'latest' }, code: 'ImageTagAlreadyExists' },
    ]);
    expect(await contents(stores, path)).toEqual({ [a.digest]: ['a1'], [b.digest]: ['latest'] });
    await checkStores(stores);
  });

  test('a tag that was deleted while its image stayed comes back by its name', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1', 'v2');
    await remove(stores, path, { imageTag: 'v1' });
    expect((await listRestorable(stores.ports, path, { limit: 10 })).items).toMatchObject([
      { imageDigest: image.digest, imageTags: ['v1'], whole: false },
    ]);
    await restoreImages(stores.ports, path, [{ imageTag: 'v1' }]);
    expect(await contents(stores, path)).toEqual({ [image.digest]: ['v2', 'v1'] });
    await checkStores(stores);
  });

  test('a tag brings its image back, without the tags that were not asked for', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1', 'v2');
    await remove(stores, path, { imageDigest: image.digest });
    await restoreImages(stores.ports, path, [{ imageTag: 'v2' }]);
    expect(await contents(stores, path)).toEqual({ [image.digest]: ['v2'] });
    await restoreImages(stores.ports, path, [{ imageTag: 'v1' }]);
    expect(await contents(stores, path)).toEqual({ [image.digest]: ['v2', 'v1'] });
    await checkStores(stores);
  });

  test('an index brings back what it lists, also where that was deleted later or pushed again', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const [a, b] = [buildImage('a'), buildImage('b')];
    const index = buildIndex([a, b]);
    await pushImage(stores.ports, path, index, 'multi');
    await remove(stores, path, { imageTag: 'multi' });
    stores.clock.advance(MINUTE);
    await remove(stores, path, { imageDigest: a.digest }, { imageDigest: b.digest });
    await pushImage(stores.ports, path, b, 'again');
    await restoreImages(stores.ports, path, [{ imageTag: 'multi' }]);
    expect(await contents(stores, path)).toEqual({ [index.digest]: ['multi'], [a.digest]: [], [b.digest]: ['again'] });
    const { failures } = await remove(stores, path, { imageDigest: b.digest });
    expect(failures).toMatchObject([{ code: 'ImageReferencedByManifestList' }]);
    stores.clock.advance(3 * DAY);
    await collect(stores.ports);
    await checkStores(stores);
    for (const { digest } of [...a.blobs, ...b.blobs]) {
      expect(await stores.ports.metadata.read((view) => view.blobs.find(1, digest))).toBeDefined();
    }
  });

  test('two indexes come back together that listed an image of the same digest, deleted twice', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const shared = buildImage('shared');
    const indexes = [buildIndex([shared, buildImage('a')]), buildIndex([shared, buildImage('b')])];
    for (const index of indexes) {
      await pushImage(stores.ports, path, index);
      await remove(stores, path, { imageDigest: index.digest });
      await remove(stores, path, { imageDigest: shared.digest });
      stores.clock.advance(MINUTE);
    }
    const wanted = indexes.map(({ digest }) => ({ imageDigest: digest }));
    expect((await restoreImages(stores.ports, path, wanted)).failures).toEqual([]);
    expect(Object.keys(await contents(stores, path))).toHaveLength(5);
    for (const index of indexes) {
      const { failures } = await remove(stores, path, { imageDigest: shared.digest });
      expect(failures).toMatchObject([{ code: 'ImageReferencedByManifestList' }]);
      await remove(stores, path, { imageDigest: index.digest });
    }
    expect((await remove(stores, path, { imageDigest: shared.digest })).failures).toEqual([]);
    stores.clock.advance(3 * DAY);
    await collect(stores.ports);
    await checkStores(stores);
  });

  test('an image that was pushed again gets its old tags back', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1');
    await remove(stores, path, { imageTag: 'v1' });
    await pushImage(stores.ports, path, image, 'v2');
    const { restored } = await restoreImages(stores.ports, path, [{ imageDigest: image.digest }]);
    expect(restored).toEqual([{ imageDigest: image.digest, imageTag: 'v1' }]);
    expect(await contents(stores, path)).toEqual({ [image.digest]: ['v2', 'v1'] });
    await checkStores(stores);
  });

  test('everything comes back at once with all, page after page of it listed before', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    const images = Array.from({ length: 7 }, (_, i) => buildImage(`image ${i}`));
    for (const [i, image] of images.entries()) await pushImage(stores.ports, path, image, `v${i}`, `w${i}`);
    const before = await contents(stores, path);
    await remove(stores, path, ...images.slice(0, 4).map(({ digest }) => ({ imageDigest: digest })));
    await remove(stores, path, { imageTag: 'v5' }, { imageTag: 'w6' });
    const listed: string[] = [];
    for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
      const page = await listRestorable(stores.ports, path, { after, limit: 2 });
      listed.push(...page.items.flatMap((item) => item.imageTags));
      after = page.next;
    }
    expect(listed.sort()).toEqual([...[0, 1, 2, 3].flatMap((i) => [`v${i}`, `w${i}`]), 'v5', 'w6'].sort());
    const { failures } = await restoreImages(stores.ports, path, 'all');
    expect(failures).toEqual([]);
    const after = await contents(stores, path);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [digest, tags] of Object.entries(before)) expect(after[digest]?.toSorted()).toEqual(tags.toSorted());
    await checkStores(stores);
  });

  test('referrers of a subject that is back stay', async () => {
    await using stores = await openStores({ retention: { undo: 3 * DAY } });
    const path = await makeRepository(stores.ports, 'app');
    const subject = buildImage('subject');
    const signature = buildImage('signature', { subject });
    await pushImage(stores.ports, path, subject, 'v1');
    await pushImage(stores.ports, path, signature);
    await remove(stores, path, { imageTag: 'v1' });
    await restoreImages(stores.ports, path, [{ imageTag: 'v1' }]);
    stores.clock.advance(2 * DAY);
    await collect(stores.ports);
    expect(Object.keys(await contents(stores, path))).toHaveLength(2);
  });
});

describe('A deleted repository', () => {
  test('comes back with all it had, whether or not workers have taken it apart', async () => {
    for (const taken of [false, true]) {
      await using stores = await open();
      const path = await makeRepository(stores.ports, 'app');
      const index = buildIndex([buildImage('a')]);
      await pushImage(stores.ports, path, index, 'multi', 'latest');
      await pushImage(stores.ports, path, buildImage('b'));
      const [before, usage] = [await contents(stores, path), await readRegistryUsage(stores.ports, REGISTRY)];
      await deleteRepository(stores.ports, path, { force: true });
      if (taken) await collect(stores.ports);
      if (taken) {
        const { usage: held } = await readRegistryUsage(stores.ports, REGISTRY);
        expect(held).toMatchObject({ images: 0, liveBytes: 0, heldBytes: usage.usage.liveBytes });
      }
      await expect(contents(stores, path)).rejects.toMatchObject({ code: 'RepositoryNotFound' });
      expect(await restoreRepository(stores.ports, path)).toEqual({ images: 3 });
      expect(await contents(stores, path)).toEqual(before);
      expect(await readRegistryUsage(stores.ports, REGISTRY)).toEqual(usage);
      stores.clock.advance(3 * DAY);
      await collect(stores.ports);
      expect(await contents(stores, path)).toEqual(before);
      await checkStores(stores);
    }
  });

  test('does not come back where its name has been taken, or its window is closed', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    await pushImage(stores.ports, path, buildImage('a'), 'v1');
    await deleteRepository(stores.ports, path, { force: true });
    await makeRepository(stores.ports, 'app');
    await expect(restoreRepository(stores.ports, path)).rejects.toMatchObject({ code: 'RepositoryAlreadyExists' });
    await deleteRepository(stores.ports, path, { force: false });
    stores.clock.advance(DAY);
    await expect(restoreRepository(stores.ports, path)).rejects.toMatchObject({ code: 'RepositoryNotFound' });
    await collect(stores.ports);
    stores.clock.advance(HOUR);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });

  test('is the one deleted last, where several of its name can come back', async () => {
    await using stores = await open();
    const path = await makeRepository(stores.ports, 'app');
    await pushImage(stores.ports, path, buildImage('first'), 'first');
    await deleteRepository(stores.ports, path, { force: true });
    stores.clock.advance(MINUTE);
    await makeRepository(stores.ports, 'app');
    const second = buildImage('second');
    await pushImage(stores.ports, path, second, 'second');
    await deleteRepository(stores.ports, path, { force: true });
    await restoreRepository(stores.ports, path);
    expect(await contents(stores, path)).toEqual({ [second.digest]: ['second'] });
  });
});

test('Without a window nothing can be restored, and nothing is kept for it', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const image = buildImage('a');
  await pushImage(stores.ports, path, image, 'v1');
  await putManifest(stores.ports, path, image, 'v2');
  await remove(stores, path, { imageTag: 'v1' });
  await remove(stores, path, { imageTag: 'v2' });
  expect((await listRestorable(stores.ports, path, { limit: 10 })).items).toEqual([]);
  expect((await restoreImages(stores.ports, path, 'all')).restored).toEqual([]);
  expect((await restoreImages(stores.ports, path, [{ imageDigest: image.digest }])).failures).toHaveLength(1);
});
