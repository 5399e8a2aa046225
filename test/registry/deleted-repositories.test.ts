import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { DISMANTLE_BATCH, dismantle } from '../../src/registry/collection/dismantle.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreRepository } from '../../src/registry/deletion/restore.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { beginUpload } from '../../src/registry/layer/upload-session.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { insertBlob, insertImage, putTags } from '../contract/metadata/fixture.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, buildIndex, chunksOf, makeRepository, pushImage } from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { samples } from '../support/scaled/environment.ts';
import { HOUR, MINUTE, openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';

const { grace } = TEST_RETENTION;
const FORCE = { force: true };

/** A repository with this many images, each with a tag and a blob of its own beside one that all share. */
async function fill({ ports }: Stores, name: string, images: number): Promise<RepositoryPath> {
  const path = await makeRepository(ports, name);
  await ports.metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const shared = await tx.blobs.findAnywhere(blobOf('shared').digest);
    const layer = shared === undefined ? await insertBlob(tx, 'shared') : { id: shared, size: 6 };
    for (let at = 0; at < images; at++) {
      const own = await insertBlob(tx, `${name} ${at}`);
      const image = await insertImage(tx, repository, `sha256:${at}`, { blobs: [layer, own] });
      await putTags(tx, repository, image, `b${at}`, `a${at}`);
    }
  });
  return path;
}

async function imagesIn({ ports }: Stores, path: RepositoryPath) {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 1000 });
  return new Map(items.map((image) => [image.digest, image.tags]));
}

const refusalOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Fault ? error.code : error),
  );

describe('Deleting a repository', () => {
  test('takes as many statements for two thousand images as for one', async () => {
    const statements: string[] = [];
    await using stores = await openStores({ onQuery: (sql) => statements.push(sql) });
    const counts: number[] = [];
    for (const images of [1, samples(2000)]) {
      const path = await fill(stores, `app-${images}`, images);
      statements.length = 0;
      await deleteRepository(stores.ports, path, FORCE);
      counts.push(statements.length);
    }
    expect(counts).toEqual([2, 2]);
  });

  test('leaves it to workers to take it apart, batch by batch', async () => {
    await using stores = await openStores();
    const { ports } = stores;
    const path = await fill(stores, 'app', 2 * DISMANTLE_BATCH + 1);
    const { id } = await deleteRepository(ports, path, FORCE);
    const left: number[] = [];
    while (await dismantle(ports)) {
      left.push((await ports.metadata.read(({ usage }) => usage.find('repository', id))).images);
      await checkCounters(stores);
    }
    expect(left).toEqual([DISMANTLE_BATCH + 1, 1, 0, 0]);
    stores.clock.advance(grace);
    await collect(ports);
    stores.clock.advance(grace);
    await collect(ports);
    expect(await ports.metadata.read((view) => view.usage.ofStore())).toMatchObject({ blobs: { count: 0 } });
    expect(await dismantle(ports, Number.MAX_SAFE_INTEGER)).toBe(false);
    await checkCounters(stores);
  });

  test('touches nothing of a new repository of the same name, not even what both have', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, buildIndex([image]), 'old');
    await deleteRepository(stores.ports, path, FORCE);
    expect(await refusalOf(imagesIn(stores, path))).toBe('RepositoryNotFound');
    await makeRepository(stores.ports, 'app');
    expect(await imagesIn(stores, path)).toEqual(new Map());
    await pushImage(stores.ports, path, image, 'new');
    for (let round = 0; round < 3; round++) {
      stores.clock.advance(HOUR);
      await collect(stores.ports);
      await checkCounters(stores);
    }
    expect(await imagesIn(stores, path)).toEqual(new Map([[image.digest, ['new']]]));
    expect(await stores.bytesStored()).toBe(image.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0));
    await checkStores(stores);
  });

  test.each([
    ['at once', async (_: Stores) => {}],
    ['when workers have come by', async ({ ports }: Stores) => collect(ports)],
  ])('ends its uploads: none is completed into a new repository of the same name, %s', async (_, meanwhile) => {
    await using stores = await openStores();
    const { ports } = stores;
    const path = await makeRepository(ports, 'app');
    const blob = blobOf('in two minds');
    const upload = { ...path, uploadId: await beginUpload(ports, path) };
    await appendToUpload(ports, upload, { bytes: chunksOf(blob.bytes), first: 0, length: blob.bytes.byteLength });
    await deleteRepository(ports, path, FORCE);
    expect(await refusalOf(completeUpload(ports, upload, blob.digest))).toBe('RepositoryNotFound');
    await makeRepository(ports, 'app');
    await meanwhile(stores);
    expect(await refusalOf(completeUpload(ports, upload, blob.digest))).toBe('UploadNotFound');
    await collect(ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkCounters(stores);
    await checkStores(stores);
  });

  test('takes more uploads than one batch', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    for (let at = 0; at < 2 * DISMANTLE_BATCH + 1; at++) await beginUpload(stores.ports, path);
    await deleteRepository(stores.ports, path, FORCE);
    await collect(stores.ports);
    expect((await stores.ports.metadata.read((view) => view.usage.ofStore())).uploads.count).toBe(0);
    await checkCounters(stores);
  });
});

describe('A deleted repository whose undo window is open', () => {
  const UNDO = { retention: { undo: 2 * HOUR } };

  test.each([
    ['before workers came by', 0],
    ['when workers have begun to take it apart', 1],
    ['when workers have taken it apart', 9],
  ])('comes back with its images, and their tags in order, %s', async (_, batches) => {
    await using stores = await openStores(UNDO);
    const { ports } = stores;
    const path = await fill(stores, 'app', DISMANTLE_BATCH + 10);
    const before = await imagesIn(stores, path);
    await deleteImages(ports, path, [{ imageDigest: 'sha256:7' }, { imageTag: 'b8' }]);
    stores.clock.advance(MINUTE);
    await deleteRepository(ports, path, FORCE);
    for (let batch = 0; batch < batches; batch++) await dismantle(ports);
    stores.clock.advance(2 * HOUR - 1);
    if (batches > 1) await collect(ports);
    await checkCounters(stores);
    expect(await restoreRepository(ports, path)).toEqual({ images: DISMANTLE_BATCH + 9 });
    before.delete('sha256:7');
    before.set('sha256:8', ['a8']);
    expect(await imagesIn(stores, path)).toEqual(before);
    await checkCounters(stores);
    stores.clock.advance(24 * HOUR);
    await collect(ports);
    expect(await imagesIn(stores, path)).toEqual(before);
    await checkCounters(stores);
  });

  test('comes back even when nothing was in it', async () => {
    await using stores = await openStores(UNDO);
    const path = await makeRepository(stores.ports, 'app');
    await deleteRepository(stores.ports, path, FORCE);
    stores.clock.advance(HOUR);
    await collect(stores.ports);
    expect(await restoreRepository(stores.ports, path)).toEqual({ images: 0 });
    expect(await imagesIn(stores, path)).toEqual(new Map());
  });

  test('does not come back when the window is closed, or the name is taken', async () => {
    await using stores = await openStores(UNDO);
    const { ports } = stores;
    const path = await fill(stores, 'app', 3);
    await deleteRepository(ports, path, FORCE);
    await makeRepository(ports, 'app');
    expect(await refusalOf(restoreRepository(ports, path))).toBe('RepositoryAlreadyExists');
    await deleteRepository(ports, path, FORCE);
    stores.clock.advance(2 * HOUR);
    expect(await refusalOf(restoreRepository(ports, path))).toBe('RepositoryNotFound');
    for (let round = 0; round < 2; round++) {
      await collect(ports);
      stores.clock.advance(grace);
    }
    expect(await ports.metadata.read((view) => view.usage.ofStore())).toMatchObject({ blobs: { count: 0 } });
    expect(await dismantle(ports, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

test('A round of collection ends however long it takes to look at repositories that have to wait', async () => {
  await using stores = await openStores();
  for (let at = 0; at < 5; at++) await deleteRepository(stores.ports, await fill(stores, `app-${at}`, 1), FORCE);
  const before = stores.clock.now();
  const slow = {
    now: () => {
      stores.clock.advance(700);
      // Each look takes most of the time after which it is worth another.
      if (stores.clock.now() > before + 5 * MINUTE) throw new Error('The round goes round in circles');
      return stores.clock.now();
    },
  };
  await collect({ ...stores.ports, clock: slow });
  await checkCounters(stores);
});
