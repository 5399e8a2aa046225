import { expect, test } from 'vitest';
import { checkStore } from '../../src/registry/fsck/check-store.ts';
import { buildImage, makeRepository, pushImage } from '../support/images.ts';
import { openStores } from '../support/stores.ts';
import { memoryFolder } from '../support/temp-folder.ts';

test('A long look sees one snapshot, and neither reads nor writes wait for it', async () => {
  await using stores = await openStores();
  const { metadata } = stores.ports;
  const app = await makeRepository(stores.ports, 'app');
  const go = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const count = (limit: number) => (view: Parameters<Parameters<typeof metadata.read>[0]>[0]) =>
    view.inspection.images.listManifests(0, limit).then((rows) => rows.length);
  const look = metadata.inspect(async (view) => {
    const before = await count(10)(view);
    begun.resolve();
    await go.promise;
    return [before, await count(10)(view)];
  });
  await begun.promise;
  await pushImage(stores.ports, app, buildImage('meanwhile'), 'v1');
  const reads = await Promise.all(Array.from({ length: 20 }, () => metadata.read(count(10))));
  expect(new Set(reads)).toEqual(new Set([1]));
  go.resolve();
  expect(await look).toEqual([0, 0]);
});

test('A look that is under way breaks off when the store is closed, and a failed one lets go of its snapshot', async () => {
  await using folder = await memoryFolder();
  const stores = await openStores({ folder: folder.path });
  await makeRepository(stores.ports, 'app');
  await expect(
    stores.ports.metadata.inspect(async () => {
      throw new Error('no more');
    }),
  ).rejects.toThrow('no more');
  const go = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const look = stores.ports.metadata.inspect(async (view) => {
    await view.inspection.images.listManifests(0, 1);
    begun.resolve();
    await go.promise;
    return view.inspection.images.listManifests(0, 1);
  });
  const outcome = expect(look).rejects.toThrow();
  await begun.promise;
  await stores[Symbol.asyncDispose]();
  go.resolve();
  await outcome;
});

test('A check that is left half-way lets the next one repair', async () => {
  await using stores = await openStores();
  await makeRepository(stores.ports, 'app');
  const options = { deep: false, repair: true };
  const spoil = () => stores.ports.metadata.write((tx) => tx.repairs.shiftUsage('repository', 1, { images: 1 }));
  for (let times = 0; times < 2; times++) {
    await spoil();
    for await (const finding of checkStore(stores.ports, options)) {
      expect(finding).toMatchObject({ kind: 'usage', repaired: true });
      break;
    }
  }
});
