import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages, restoreRepository } from '../../src/registry/deletion/restore.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { deleteBlob } from '../../src/registry/layer/delete-blob.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload } from '../../src/registry/layer/upload-session.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../src/registry/repository/create-repository.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  blobOf,
  buildImage,
  buildIndex,
  chunksOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
  REGISTRY,
} from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { HOUR, MINUTE, openStores, type Stores } from '../support/stores.ts';

const LAYERS = ['a', 'bb', 'cccc'].map(blobOf);
const SIMPLE = [[0], [0, 1], [1, 2], [0, 1, 2]].map((layers, at) =>
  buildImage(`image ${at}`, { layers: layers.flatMap((layer) => LAYERS[layer] ?? []) }),
);
const SIGNATURES = SIMPLE.slice(0, 2).map((subject, at) =>
  buildImage(`signature ${at}`, { subject, layers: LAYERS.slice(at) }),
);
const INDEX = buildIndex(SIMPLE.slice(0, 2));
const IMAGES = [...SIMPLE, ...SIGNATURES, INDEX, buildIndex([INDEX, ...SIMPLE.slice(2, 3)])];
const TAGS = ['v1', 'v2', 'latest'];

/** One thing that happens to one of a few repositories; `other` is another of them. */
type Step = (stores: Stores, path: RepositoryPath, other: RepositoryPath) => Promise<unknown>;

const image = fc.constantFrom(...IMAGES);
const tag = fc.constantFrom(...TAGS);
const layer = fc.constantFrom(...LAYERS);
const identifier = fc.oneof(
  tag.map((imageTag) => ({ imageTag })),
  image.map(({ digest }) => ({ imageDigest: digest })),
);

const steps: fc.Arbitrary<{ readonly name: string; readonly step: Step }> = fc.oneof(
  named(
    6,
    'push',
    fc.tuple(image, fc.array(tag, { maxLength: 2 })),
    ([pushed, tags]) =>
      ({ ports }, path) =>
        pushImage(ports, path, pushed, ...tags),
  ),
  named(
    2,
    'tag',
    fc.tuple(image, tag),
    ([tagged, name]) =>
      ({ ports }, path) =>
        putManifest(ports, path, tagged, name),
  ),
  named(
    3,
    'push without what it names',
    fc.tuple(image, tag),
    ([sparse, name]) =>
      ({ ports }, path) =>
        putManifest(ports, path, sparse, name, 'accept'),
  ),
  named(
    5,
    'delete',
    fc.array(identifier, { minLength: 1, maxLength: 4 }),
    (ids) =>
      ({ ports }, path) =>
        deleteImages(ports, path, ids),
  ),
  named(
    1,
    'upload',
    layer,
    (blob) =>
      ({ ports }, path) =>
        pushBlob(ports, path, blob),
  ),
  named(1, 'begin an upload', fc.boolean(), (cancelled) => async ({ ports }, path) => {
    const upload = { ...path, uploadId: await beginUpload(ports, path) };
    await appendToUpload(ports, upload, { bytes: chunksOf(Buffer.from('part')), first: 0, length: 4 });
    if (cancelled) await cancelUpload(ports, upload);
  }),
  named(
    2,
    'mount',
    layer,
    (blob) =>
      ({ ports }, path, other) =>
        mountBlob(ports, path, other, blob.digest),
  ),
  named(
    3,
    'delete a blob',
    layer,
    (blob) =>
      ({ ports }, path) =>
        deleteBlob(ports, path, blob.digest),
  ),
  named(
    2,
    'delete the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        deleteRepository(ports, path, { force: true }),
  ),
  named(
    2,
    'create the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        createRepository(ports, path, DEFAULT_SETTINGS),
  ),
  named(
    1,
    'restore the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        restoreRepository(ports, path),
  ),
  named(
    1,
    'restore all',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        restoreImages(ports, path, 'all'),
  ),
  named(
    2,
    'restore',
    fc.array(identifier, { minLength: 1, maxLength: 3 }),
    (ids) =>
      ({ ports }, path) =>
        restoreImages(ports, path, ids),
  ),
  named(
    4,
    'collect',
    fc.constantFrom(0, 10 * MINUTE, HOUR, 3 * HOUR, 25 * HOUR),
    (later) =>
      async ({ ports, clock }) => {
        clock.advance(later);
        await collect(ports);
      },
  ),
);

function named<T>(weight: number, name: string, chosen: fc.Arbitrary<T>, act: (choice: T) => Step) {
  const arbitrary = chosen.map((choice) => ({
    name,
    step: act(choice),
    toString: () =>
      `${name} ${JSON.stringify(choice, (key, value) => (key === 'bytes' || key === 'blobs' ? undefined : value))}`,
  }));
  return { weight, arbitrary };
}

/** Does the step; that it is refused is as good an outcome as any. Answers whether it did anything. */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    const outcome = await work();
    return !isNothing(outcome);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function isNothing(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return outcome === false;
  return ['deleted', 'restored'].some((list) => list in outcome && Reflect.get(outcome, list).length === 0);
}

const done = new Map<string, number>();

test.each([
  ['without an undo window', 0],
  ['with an undo window', 2 * HOUR],
])('Whatever happens, every counter says what a recount says, and in the end nothing is left: %s', async (_, undo) => {
  done.clear();
  const story = fc.array(fc.record({ what: steps, at: fc.nat(2), other: fc.nat(2) }), { minLength: 20, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(story, async (happenings) => {
      await using stores = await openStores({ retention: { undo } });
      const { ports, clock } = stores;
      const first = await makeRepository(ports, 'app');
      const paths = [
        first,
        await makeRepository(ports, 'other'),
        await makeRepository(ports, 'app', { ...REGISTRY, region: 'eu-west-1' }),
      ];
      for (const { what, at, other } of happenings) {
        clock.advance(1);
        const success = await attempt(() => what.step(stores, paths[at] ?? first, paths[other] ?? first));
        if (success) done.set(what.name, (done.get(what.name) ?? 0) + 1);
        await checkCounters(stores);
      }
      await checkStores(stores);

      for (const path of paths) await attempt(() => deleteRepository(ports, path, { force: true }));
      for (let round = 0; round < 3; round++) {
        await checkCounters(stores);
        clock.advance(25 * HOUR);
        await collect(ports);
      }
      await checkCounters(stores);
      expect(await stores.bytesStored()).toBe(0);
      expect(await rowsLeftIn(stores)).toEqual({ registry: 2 });
    }),
    { numRuns: 40 },
  );
  const common = [
    'begin an upload',
    'collect',
    'create the repository',
    'delete',
    'delete the repository',
    'mount',
    'push',
  ];
  expect([...done.keys()]).toEqual(
    expect.arrayContaining([...common, 'delete a blob', 'push without what it names', 'tag', 'upload']),
  );
  // Which of the ways to restore come up is left to chance: each needs something that can be.
  const restoring = [...done.keys()].filter((name) => name.startsWith('restore'));
  expect(restoring.length > 0).toBe(undo > 0);
});

/** How many rows each table has that has any, but for what a store always has. */
async function rowsLeftIn({ rows }: Stores): Promise<Record<string, number>> {
  const tables = (await rows.tables()).filter((name) => !/^(?:usage|store_usage)|^secret$/.test(name));
  const counting = tables.map((name) => `SELECT '${name}' AS name, count(*) AS count FROM ${name}`);
  const counts = await rows.query(counting.join(' UNION ALL '));
  return Object.fromEntries(
    counts.filter(({ count }) => Number(count) > 0).map(({ name, count }) => [name, Number(count)]),
  );
}
