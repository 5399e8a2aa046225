import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onFailpoint } from '../../src/model/failpoint.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../src/registry/deletion/restore.ts';
import { checkStore } from '../../src/registry/fsck/check-store.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload } from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores, runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, buildIndex, layerOf, makeRepository, pushBlob, pushImage } from '../support/images.ts';
import { forAnyOrder } from '../support/interleave.ts';
import { samples } from '../support/scaled/environment.ts';
import { HOUR, MINUTE, openStores } from '../support/stores.ts';

const LOOK = { deep: true, repair: false, strayAge: -Infinity, patience: Infinity };
const shared = layerOf('shared');
const images = ['a', 'b', 'c', 'd'].map((name) => buildImage(name, { layers: [shared, layerOf(`of ${name}`)] }));
const index = buildIndex(images.slice(0, 2));
const things = [...images, index, buildImage('referrer', { subject: index })];

type Step = (ports: Ports, paths: readonly RepositoryPath[]) => Promise<unknown>;

const at = fc.nat(99);
const pick = <T>(list: readonly T[], place: number): T => {
  const item = list[place % list.length];
  if (item === undefined) throw new Error('Nothing to pick from');
  return item;
};

async function everyOne<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

const push = fc.tuple(at, at, at).map(
  ([repository, thing, tag]): Step =>
    (ports, paths) => {
      return pushImage(ports, pick(paths, repository), pick(things, thing), `v${tag % 3}`);
    },
);
const remove = fc.tuple(at, at, at).map(
  ([repository, thing, tag]): Step =>
    (ports, paths) => {
      const id = tag % 2 === 0 ? { imageTag: `v${tag % 3}` } : { imageDigest: pick(things, thing).digest };
      return deleteImages(ports, pick(paths, repository), [id]);
    },
);
const mount = fc.tuple(at, at).map(
  ([from, to]): Step =>
    (ports, paths) =>
      mountBlob(ports, pick(paths, to), pick(paths, from), shared.digest),
);
const single = fc.tuple(at, at).map(
  ([repository, content]): Step =>
    (ports, paths) =>
      pushBlob(ports, pick(paths, repository), blobOf(`alone ${content % 5}`)),
);
const drop = at.map(
  (repository): Step =>
    async (ports, paths) => {
      const path = pick(paths, repository);
      await deleteRepository(ports, path, { force: true });
      await makeRepository(ports, path.repositoryName);
    },
);
const restore = at.map(
  (repository): Step =>
    (ports, paths) =>
      restoreImages(ports, pick(paths, repository), 'all'),
);
const gather = fc.constant<Step>((ports) => collect(ports));

describe('A check of a sound store has no findings', () => {
  test.each([0, 30 * MINUTE])('whatever was done to it, with an undo window of %i', async (undo) => {
    const step = fc.oneof(
      { weight: 5, arbitrary: push },
      { weight: 3, arbitrary: remove },
      mount,
      single,
      { weight: 2, arbitrary: gather },
      drop,
      restore,
    );
    const steps = fc.array(fc.tuple(step, fc.nat(20)), { minLength: 5, maxLength: 25 });
    const property = fc.asyncProperty(steps, async (chosen) => {
      await using stores = await openStores({ retention: { undo, grace: 5 * MINUTE, lease: 20 * MINUTE } });
      const paths = [await makeRepository(stores.ports, 'one'), await makeRepository(stores.ports, 'two')];
      for (const [take, minutes] of chosen) {
        await take(stores.ports, paths);
        stores.clock.advance(minutes * MINUTE);
        const { findings } = await runCheck(stores.ports, LOOK);
        expect(findings).toEqual([]);
      }
      await checkStores(stores);
      stores.clock.advance(48 * HOUR);
      await collect(stores.ports);
      // Nothing waits any more: what is overdue would be a finding now.
      expect((await runCheck(stores.ports, { ...LOOK, patience: 0 })).findings).toEqual([]);
      await checkStores(stores);
    });
    await fc.assert(property, { numRuns: samples(15), endOnFailure: true });
  });

  test('while images are pushed, deleted and collected beside it', async () => {
    let checks = 0;
    await forAnyOrder({ runs: 30, retention: { grace: 0, lease: 0 } }, async (stores, run) => {
      const { ports } = stores;
      const [one, two] = [await makeRepository(ports, 'one'), await makeRepository(ports, 'two')];
      await pushImage(ports, one, index, 'v1');
      await pushImage(ports, two, pick(images, 2), 'v1');
      const check = async (party: Ports) => {
        const { findings, result } = await runCheck(party, LOOK);
        expect(findings).toEqual([]);
        checks += result.checked['blobs in store'] ?? 0;
      };
      await run(
        check,
        check,
        (party) => pushImage(party, two, pick(images, 3), 'v2'),
        async (party) => {
          await deleteImages(party, one, [{ imageTag: 'v1' }]);
          await deleteImages(party, two, [{ imageTag: 'v1' }]);
          await cancelUpload(party, { ...one, uploadId: await beginUpload(party, one) });
          await collect(party);
        },
      );
      await check(ports);
    });
    expect(checks).toBeGreaterThan(100);
  });
});

describe('A suspicion that time clears up is no finding', () => {
  test('when a blob is erased between the look at its row and the look at its bytes', async () => {
    await using stores = await openStores();
    const { ports, clock } = stores;
    const app = await makeRepository(ports, 'app');
    for (let count = 0; count < 5; count++) await pushBlob(ports, app, blobOf(`idle ${count}`));
    clock.advance(48 * HOUR);
    const suspected: string[] = [];
    using _ = onFailpoint((name) => {
      if (name === 'fsck.suspected') suspected.push(name);
    });
    const stat: Ports['blobs']['stat'] = async (keys) => {
      await collect(ports);
      return ports.blobs.stat(keys);
    };
    const { blobs } = ports;
    const slow = { open: blobs.open.bind(blobs), erase: blobs.erase.bind(blobs), list: () => blobs.list(), stat };
    expect((await runCheck({ ...ports, blobs: slow }, { ...LOOK, repair: true })).findings).toEqual([]);
    expect(suspected).toHaveLength(5);
    await checkStores(stores);
  });

  test('when bytes are erased, and forgotten, between being listed and being looked up', async () => {
    await using stores = await openStores();
    const { ports, clock } = stores;
    const app = await makeRepository(ports, 'app');
    for (let count = 0; count < 5; count++) await pushBlob(ports, app, blobOf(`idle ${count}`));
    clock.advance(48 * HOUR);
    const suspected: string[] = [];
    using _ = onFailpoint((name) => {
      if (name === 'fsck.suspected') suspected.push(name);
    });
    const { blobs } = ports;
    const slow: Ports['blobs'] = {
      open: (key, range) => blobs.open(key, range),
      erase: (keys) => blobs.erase(keys),
      stat: (keys) => blobs.stat(keys),
      async *list() {
        const files = await everyOne(blobs.list());
        expect(files).toHaveLength(5);
        await collect(ports);
        yield* files;
      },
    };
    const { findings, result } = await runCheck({ ...ports, blobs: slow }, LOOK);
    expect(findings).toEqual([]);
    expect(result.checked).toMatchObject({ files: 5 });
    expect(suspected).toHaveLength(1);
  });
});

test('A repair leaves the counters right that pushes and deletions move at the same time', async () => {
  await using stores = await openStores();
  const { ports } = stores;
  const app = await makeRepository(ports, 'app');
  await pushImage(ports, app, pick(images, 0), 'v0');
  await ports.metadata.write(async (tx) => {
    await tx.repairs.shiftUsage('repository', 1, { images: 7, live_bytes: -100, idle_bytes: 3 });
    await tx.repairs.shiftUsage('registry', 1, { logical_bytes: 12 });
    await tx.usage.addToStore('uploads', { count: 5, bytes: 500 });
  });
  const others = images.slice(1);
  using _ = onFailpoint(async (name) => {
    if (name !== 'fsck.repaired') return;
    const next = others.pop();
    if (next) await pushImage(ports, app, next, 'next');
    else await deleteImages(ports, app, [{ imageTag: 'v0' }]);
  });
  const { findings } = await runCheck(ports, { ...LOOK, repair: true });
  expect(findings.map(({ kind, repaired }) => ({ kind, repaired }))).toEqual([
    { kind: 'usage', repaired: true },
    { kind: 'usage', repaired: true },
    { kind: 'store usage', repaired: true },
  ]);
  expect(others).toEqual([]);
  expect((await runCheck(ports, LOOK)).findings).toEqual([]);
  await checkStores(stores);
});

test('Two repairs at once do not put the same counter right twice', async () => {
  await using stores = await openStores();
  const { ports } = stores;
  const app = await makeRepository(ports, 'app');
  await pushImage(ports, app, pick(images, 0), 'v0');
  await ports.metadata.write((tx) => tx.repairs.shiftUsage('repository', 1, { images: 7 }));
  const options = { ...LOOK, deep: false, repair: true };
  const first = checkStore(ports, options);
  expect(await first.next()).toMatchObject({ done: false, value: { kind: 'usage', repaired: true } });
  const second = await everyOne(checkStore(ports, options));
  expect(second.map(({ kind }) => kind)).toEqual(['repair refused']);
  expect(await everyOne(first)).toEqual([]);
  expect(await everyOne(checkStore(ports, options))).toEqual([]);
  await checkStores(stores);
});
