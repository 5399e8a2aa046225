import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Wanted } from '../../../src/registry/deletion/selection.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { readRegistryUsage } from '../../../src/registry/usage/read-usage.ts';
import { collect } from '../../support/collect.ts';
import {
  buildImage,
  buildIndex,
  layerOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
  REGISTRY,
} from '../../support/images.ts';
import { samples } from '../../support/scaled/environment.ts';
import { HOUR, openStores, type Stores } from '../../support/stores.ts';
import { carryOut, plan, sorted } from './deleting.ts';

const DAY = 24 * HOUR;
const base = layerOf('base');
const imageOf = (name: string) => buildImage(name, { layers: [base, layerOf(`layer of ${name}`)] });
const sizeOf = (...blobs: readonly { readonly bytes: Uint8Array }[]) =>
  blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

/** Deletes, waits until nothing keeps the bytes, and answers how many came back to the disk. */
async function comeBack(stores: Stores, path: RepositoryPath, wanted: Wanted): Promise<number> {
  stores.clock.advance(2 * DAY);
  await collect(stores.ports);
  const before = await stores.bytesStored();
  await carryOut(stores, path, wanted);
  stores.clock.advance(HOUR);
  await collect(stores.ports);
  return before - (await stores.bytesStored());
}

describe('The plan of a deletion', () => {
  test('names images and tags that would go, what is refused and why, and changes nothing', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [a, b] = [imageOf('a'), imageOf('b')];
    const index = buildIndex([a]);
    await pushImage(stores.ports, path, index, 'multi');
    await pushImage(stores.ports, path, b, 'b1', 'b2');
    const wanted = { imageIds: [{ imageDigest: a.digest }, { imageTag: 'b1' }, { imageTag: 'none' }] };
    const before = await stores.bytesStored();
    const { entries, total } = await plan(stores, path, wanted);
    expect(sorted(entries)).toEqual(
      sorted([
        {
          kind: 'failure',
          imageId: { imageTag: 'none' },
          code: 'ImageNotFound',
          reason: 'Requested image not found',
        },
        {
          kind: 'failure',
          imageId: { imageDigest: a.digest },
          code: 'ImageReferencedByManifestList',
          reason: `Requested image referenced by manifest list: [${index.digest}]`,
        },
        { kind: 'tag', imageDigest: b.digest, imageTag: 'b1' },
      ]),
    );
    expect(total).toEqual({
      images: 0,
      tags: 1,
      failures: 2,
      referrers: 0,
      bytes: { repository: 0, registry: 0, store: 0 },
    });
    expect(await plan(stores, path, wanted)).toEqual({ entries, total });
    expect(await stores.bytesStored()).toBe(before);
  });

  test('gives exactly the bytes that come back, where layers are shared between images, repositories and accounts', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const sibling = await makeRepository(stores.ports, 'sibling');
    const stranger = await makeRepository(stores.ports, 'app', { id: '111111111111', region: 'us-east-1' });
    const [own, here, there] = ['own', 'here', 'there'].map((name) => layerOf(name));
    if (!own || !here || !there) throw new Error('Three layers');
    const image = buildImage('image', { layers: [base, own, here, there] });
    const kept = buildImage('kept', { layers: [base] });
    await pushImage(stores.ports, path, image, 'v1');
    await pushImage(stores.ports, path, kept, 'kept');
    await pushImage(stores.ports, sibling, buildImage('sibling', { layers: [here] }), 'v1');
    await pushImage(stores.ports, stranger, buildImage('stranger', { layers: [there] }), 'v1');
    const [config] = image.blobs;
    if (!config) throw new Error('A config');
    const { total } = await plan(stores, path, { imageIds: [{ imageTag: 'v1' }] });
    expect(total.bytes).toEqual({
      repository: sizeOf(config, own, here, there),
      registry: sizeOf(config, own, there),
      store: sizeOf(config, own),
    });
    expect(await comeBack(stores, path, { imageIds: [{ imageTag: 'v1' }] })).toBe(total.bytes.store);
  });

  test('counts a layer when the last of those that share it goes, over many parts of a large selection', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const images = Array.from({ length: 520 }, (_, i) => buildImage(`image ${i}`, { layers: [base] }));
    await pushBlob(stores.ports, path, base);
    for (const image of images) {
      for (const config of image.blobs.slice(0, 1)) await pushBlob(stores.ports, path, config);
      await putManifest(stores.ports, path, image);
    }
    const { total } = await plan(stores, path, { selection: { untagged: true } });
    expect(total).toMatchObject({ images: 520, failures: 0 });
    expect(total.bytes.store).toBe(await stores.bytesStored());
    await pushImage(stores.ports, path, buildImage('kept', { layers: [base] }), 'kept');
    const { total: less } = await plan(stores, path, { selection: { untagged: true } });
    expect(less.bytes.store).toBe(total.bytes.store - sizeOf(base));
  });

  test('names the referrers that lose their subject, but not those that go as well', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const subject = imageOf('subject');
    const signature = buildImage('signature', { subject, artifactType: 'application/x-signature' });
    await pushImage(stores.ports, path, subject, 'v1');
    await pushImage(stores.ports, path, signature);
    const referrer = {
      kind: 'referrer',
      imageDigest: signature.digest,
      subjectDigest: subject.digest,
      artifactType: 'application/x-signature',
    };
    const alone = await plan(stores, path, { imageIds: [{ imageTag: 'v1' }] });
    expect(alone.entries).toContainEqual(referrer);
    expect(alone.total).toMatchObject({ images: 1, referrers: 1 });
    const both = await plan(stores, path, { imageIds: [{ imageTag: 'v1' }, { imageDigest: signature.digest }] });
    expect(both.total).toMatchObject({ images: 2, referrers: 0 });
  });
});

describe('A selection', () => {
  test('takes tags by pattern, and an image with the last of its tags', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [a, b, c] = [imageOf('a'), imageOf('b'), imageOf('c')];
    await pushImage(stores.ports, path, a, 'pr-1', 'pr-2');
    await pushImage(stores.ports, path, b, 'pr-3', 'v1');
    await pushImage(stores.ports, path, c, 'v2');
    const { entries, total } = await plan(stores, path, { selection: { tagPattern: 'pr-*' } });
    expect(sorted(entries)).toEqual(
      sorted([
        { kind: 'image', imageDigest: a.digest, imageTags: ['pr-1', 'pr-2'], logicalBytes: sizeOf(...a.blobs) },
        { kind: 'tag', imageDigest: b.digest, imageTag: 'pr-3' },
      ]),
    );
    expect(total).toMatchObject({ images: 1, tags: 3 });
  });

  test('takes images by age, by their last pull, and without tags; all that is given must hold', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [old, pulled, young] = [imageOf('old'), imageOf('pulled'), imageOf('young')];
    await pushImage(stores.ports, path, old, 'old');
    await pushImage(stores.ports, path, pulled);
    const then = stores.clock.now() + 1;
    stores.clock.advance(DAY);
    await stores.ports.metadata.write(async (tx) => {
      const [image] = await tx.images.listDated(1, { tagged: false, after: undefined, limit: 1 });
      await tx.images.recordPulls([image?.id ?? 0], stores.clock.now());
    });
    await pushImage(stores.ports, path, young);
    const digests = async (selection: Extract<Wanted, { selection: unknown }>['selection']) => {
      const { entries } = await plan(stores, path, { selection });
      return entries.map((entry) => ('imageDigest' in entry ? entry.imageDigest : '')).sort();
    };
    expect(await digests({})).toEqual([old.digest, pulled.digest, young.digest].sort());
    expect(await digests({ untagged: true })).toEqual([pulled.digest, young.digest].sort());
    expect(await digests({ pushedBefore: then })).toEqual([old.digest, pulled.digest].sort());
    expect(await digests({ notPulledSince: then })).toEqual([old.digest]);
    expect(await digests({ notPulledSince: then, untagged: true })).toEqual([]);
    expect(await digests({ pushedBefore: then, untagged: true })).toEqual([pulled.digest]);
  });

  test('takes what an index lists together with the index, however deep', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [a, b, kept] = [imageOf('a'), imageOf('b'), imageOf('kept')];
    const inner = buildIndex([a]);
    const outer = buildIndex([inner, b]);
    const other = buildIndex([kept]);
    await pushImage(stores.ports, path, outer);
    await pushImage(stores.ports, path, other, 'other');
    const wanted = { selection: { untagged: true } };
    const told = await plan(stores, path, wanted);
    expect(told.total).toMatchObject({ images: 4, failures: 1 });
    const done = await carryOut(stores, path, wanted);
    expect(sorted(done.entries)).toEqual(sorted(told.entries));
    expect(done.total).toEqual(told.total);
    expect((await plan(stores, path, { selection: {} })).total).toMatchObject({ images: 2, failures: 0 });
  });
});

test('What is carried out is what was planned, to the byte, whatever the repository looks like', async () => {
  const images = fc.array(
    fc.record({
      layers: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }),
      tags: fc.uniqueArray(fc.constantFrom('a-1', 'a-2', 'b-1', 'b-2', 'c'), { maxLength: 2 }),
      listed: fc.boolean(),
      age: fc.nat(3),
    }),
    { minLength: 1, maxLength: 7 },
  );
  const selection = fc.record(
    { tagPattern: fc.constantFrom('a-*', '*-1', '*', 'c'), untagged: fc.constant(true), pushedBefore: fc.nat(3) },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(images, selection, async (pushes, chosen) => {
      await using stores = await openStores();
      const path = await makeRepository(stores.ports, 'app');
      const other = await makeRepository(stores.ports, 'other');
      const began = stores.clock.now();
      for (const [i, { layers, tags, listed }] of pushes.entries()) {
        const image = buildImage(`image ${i}`, { layers: layers.map((layer) => layerOf(`layer ${layer}`)) });
        await pushImage(stores.ports, path, image, ...tags);
        if (listed) await putManifest(stores.ports, path, buildIndex([image]), i % 2 === 0 ? `index-${i}` : undefined);
        stores.clock.advance(DAY);
      }
      await pushImage(stores.ports, other, buildImage('other', { layers: [layerOf('layer 0')] }), 'v1');
      const wanted = {
        selection: {
          ...chosen,
          ...(chosen.pushedBefore !== undefined && { pushedBefore: began + 1 + chosen.pushedBefore * DAY }),
        },
      };
      stores.clock.advance(2 * DAY);
      await collect(stores.ports);
      const bytes = await stores.bytesStored();
      const before = await readRegistryUsage(stores.ports, REGISTRY);
      const planned = await plan(stores, path, wanted);
      const done = await carryOut(stores, path, wanted);
      expect(done.total).toEqual(planned.total);
      expect(sorted(done.entries)).toEqual(sorted(planned.entries));
      const after = await readRegistryUsage(stores.ports, REGISTRY);
      expect(before.usage.liveBytes - after.usage.liveBytes).toBe(planned.total.bytes.registry);
      expect(before.usage.images - after.usage.images).toBe(planned.total.images);
      stores.clock.advance(HOUR);
      await collect(stores.ports);
      expect(bytes - (await stores.bytesStored())).toBe(planned.total.bytes.store);
    }),
    { numRuns: samples(60) },
  );
});
