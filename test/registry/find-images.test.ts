import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { findImages, getImage } from '../../src/registry/image/find-images.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { buildImage, makeRepository, pushImage, tagOf } from '../support/images.ts';
import { HOUR, openStores, type Stores } from '../support/stores.ts';

const [two, none] = [buildImage('two tags'), buildImage('no tags')];

async function setUp() {
  const stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  await pushImage(stores.ports, path, two, 'a', 'b');
  await pushImage(stores.ports, path, none);
  const pulls = new PullRecorder();
  return { stores, path, pulls, ports: { ...stores.ports, pulls } };
}

async function pullTimes({ ports }: Stores, path: RepositoryPath): Promise<Record<string, number | undefined>> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 9 });
  return Object.fromEntries(items.map((image) => [image.digest, image.lastPulledAt]));
}

describe('Finding images', () => {
  test('answers the bytes as they were pushed: by tag once, by digest once for each tag', async () => {
    const { stores, path, ports } = await setUp();
    await using _ = stores;
    const { images, failures } = await findImages(ports, path, [
      { imageTag: 'b' },
      { imageDigest: two.digest },
      { imageDigest: none.digest },
      { imageDigest: two.digest, imageTag: 'a' },
    ]);
    expect(failures).toEqual([]);
    expect(images.map(({ imageId, byTag }) => ({ ...imageId, byTag }))).toEqual([
      { imageDigest: two.digest, imageTag: 'b', byTag: true },
      { imageDigest: two.digest, imageTag: 'a', byTag: false },
      { imageDigest: none.digest, byTag: false },
    ]);
    for (const { imageId, manifest } of images) {
      const expected = imageId.imageDigest === two.digest ? two : none;
      expect(Buffer.from(manifest.bytes).equals(expected.bytes)).toBe(true);
      expect(manifest.mediaType).toBe(expected.mediaType);
    }
  });

  test('answers what it does not find as failures, in the order of the request', async () => {
    const { stores, path, ports } = await setUp();
    await using _ = stores;
    const { images, failures } = await findImages(ports, path, [
      {},
      { imageTag: 'z' },
      { imageTag: 'a' },
      { imageTag: '.' },
    ]);
    expect(images).toHaveLength(1);
    expect(failures.map(({ imageId, code }) => ({ imageId, code }))).toEqual([
      { imageId: {}, code: 'MissingDigestAndTag' },
      { imageId: { imageTag: 'z' }, code: 'ImageNotFound' },
      { imageId: { imageTag: '.' }, code: 'InvalidImageTag' },
    ]);
  });

  test('by one reference answers the image, or says that there is none', async () => {
    const { stores, path, ports } = await setUp();
    await using _ = stores;
    const byTag = await getImage(ports, path, { tag: tagOf('a') }, { counts: false });
    const byDigest = await getImage(ports, path, { digest: two.digest }, { counts: false });
    expect(byTag).toEqual(byDigest);
    expect(Buffer.from(byTag.bytes).equals(two.bytes)).toBe(true);
    const missing = await getImage(ports, path, { tag: tagOf('A') }, { counts: true }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(Fault);
    expect((missing as Fault).code).toBe('ManifestUnknown');
  });
});

describe('A pull', () => {
  test('is noted for every image that was found, when the notes are written', async () => {
    const { stores, path, pulls, ports } = await setUp();
    await using _ = stores;
    await findImages(ports, path, [{ imageTag: 'a' }, { imageTag: 'z' }]);
    expect(await pullTimes(stores, path)).toEqual({ [two.digest]: undefined, [none.digest]: undefined });
    stores.clock.advance(HOUR);
    await pulls.flush(stores.ports);
    expect(await pullTimes(stores, path)).toEqual({ [two.digest]: stores.clock.now(), [none.digest]: undefined });
  });

  test('is a look that counts: one that does not leaves no note, and notes are written once', async () => {
    const { stores, path, pulls, ports } = await setUp();
    await using _ = stores;
    await getImage(ports, path, { digest: none.digest }, { counts: false });
    await getImage(ports, path, { tag: tagOf('a') }, { counts: true });
    await pulls.flush(stores.ports);
    const pulledAt = stores.clock.now();
    stores.clock.advance(HOUR);
    await pulls.flush(stores.ports);
    expect(await pullTimes(stores, path)).toEqual({ [two.digest]: pulledAt, [none.digest]: undefined });
  });

  test('of an image that is deleted before the notes are written is passed over, and no other image gets its date', async () => {
    const { stores, path, pulls, ports } = await setUp();
    await using _ = stores;
    await findImages(ports, path, [{ imageDigest: none.digest }]);
    await deleteImages(stores.ports, path, [{ imageDigest: none.digest }]);
    const next = buildImage('the next one');
    await pushImage(stores.ports, path, next);
    await pulls.flush(stores.ports);
    expect(await pullTimes(stores, path)).toEqual({ [two.digest]: undefined, [next.digest]: undefined });
  });

  test('whose note could not be written is not forgotten', async () => {
    const { stores, path, pulls, ports } = await setUp();
    await using _ = stores;
    await findImages(ports, path, [{ imageTag: 'a' }]);
    const closed = await openStores();
    await closed[Symbol.asyncDispose]();
    await expect(pulls.flush(closed.ports)).rejects.toThrow(/not open/);
    await pulls.flush(stores.ports);
    expect((await pullTimes(stores, path))[two.digest]).toBe(stores.clock.now());
  });
});
