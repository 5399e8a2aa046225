import { expect, test } from 'vitest';
import type { BlobStore } from '../../src/blobs/blob-store.ts';
import { findBlob } from '../../src/registry/layer/find-blobs.ts';
import { linkBlob, staysFor } from '../../src/registry/layer/link-blob.ts';
import { buildImage, layerOf, makeRepository, pushBlob, pushImage } from '../support/images.ts';
import { HOUR, MINUTE, openStores } from '../support/stores.ts';

test('An address is never good for longer than the bytes are sure to stay', async () => {
  await using stores = await openStores({ retention: { grace: 10 * MINUTE, lease: 30 * MINUTE } });
  const path = await makeRepository(stores.ports, 'app');
  const [named, leased] = [layerOf('named'), layerOf('leased')];
  await pushImage(stores.ports, path, buildImage('app', { layers: [named] }), 'v1');
  await pushBlob(stores.ports, path, leased);
  const blobs: Pick<BlobStore, 'link'> = { link: async (_, seconds) => String(seconds) };
  const ports = { ...stores.ports, blobs: { ...stores.ports.blobs, ...blobs } as BlobStore };
  const seconds = async (digest: string, longest: number) => {
    const found = (await findBlob(ports, path, digest)) ?? expect.unreachable();
    expect(Number((await linkBlob(ports, found, longest)) ?? 0) * 1000).toBeLessThanOrEqual(staysFor(ports, found));
    return linkBlob(ports, found, longest);
  };
  expect(await seconds(leased.digest, HOUR)).toBe('1800');
  expect(await seconds(leased.digest, 20 * MINUTE)).toBe('1200');
  stores.clock.advance(29 * MINUTE + 1);
  // The lease is nearly over. An image that is deleted now keeps its bytes for the grace.
  expect(await seconds(leased.digest, HOUR)).toBeUndefined();
  expect(await seconds(named.digest, HOUR)).toBe('600');
});

test('A store without addresses gives none', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const blob = layerOf('layer');
  await pushBlob(stores.ports, path, blob);
  const found = (await findBlob(stores.ports, path, blob.digest)) ?? expect.unreachable();
  expect(await linkBlob(stores.ports, found, HOUR)).toBeUndefined();
});
