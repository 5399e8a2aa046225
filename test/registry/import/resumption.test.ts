import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Failpoint, onFailpoint } from '../../../src/model/failpoint.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { isBeingImported } from '../../../src/registry/import/claim.ts';
import { PAGE } from '../../../src/registry/import/compare-rows.ts';
import { deleteRepository } from '../../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { checkStores } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, buildImage, buildIndex, makeRepository, pushImage } from '../../support/images.ts';
import { checkCounters } from '../../support/recount-usage.ts';
import { getEmbedded } from '../../support/stored/embedded.ts';
import { HOUR, openStores, type Stores } from '../../support/stores.ts';
import { memoryFolder } from '../../support/temp-folder.ts';
import { TestClock } from '../../support/test-clock.ts';
import { contentOf, nameStore, runImport, sequencesOf } from './whole-store.ts';

const OPTIONS = { retention: { undo: HOUR } };
const IMAGES = ['a', 'b', 'c', 'd'].map((name) =>
  buildImage(name, { layers: [blobOf(`layer of ${name}`), blobOf('layer of all')] }),
);

/** Many tags, an index, something deleted that may be restored, and something deleted for good. */
async function fill(stores: Stores, most: number): Promise<RepositoryPath> {
  const path = await makeRepository(stores.ports, 'app');
  const tags = Array.from({ length: most }, (_, at) => `v${at}`);
  for (const [at, image] of IMAGES.entries())
    await pushImage(stores.ports, path, image, ...(at === 0 ? tags : [`t${at}`]));
  await pushImage(stores.ports, path, buildIndex(IMAGES.slice(0, 2)), 'index');
  await deleteImages(stores.ports, path, [{ imageTag: 't3' }]);
  const gone = await makeRepository(stores.ports, 'gone');
  await pushImage(stores.ports, gone, buildImage('gone'), 'v1');
  await deleteRepository(stores.ports, gone, { force: true });
  return path;
}

interface Crash {
  readonly after: Failpoint;
  readonly folder: string;
}

/** Imports, and keeps a copy of the target's folder wherever a process could be killed. */
async function importAndCrash(source: Stores, copies: string): Promise<Crash[]> {
  const crashes: Crash[] = [];
  await using target = await openTarget(source, join(copies, 'target'));
  await nameStore(target, 'target');
  using _ = onFailpoint((after) => {
    if (!after.startsWith('import.')) return;
    const folder = join(copies, String(crashes.length));
    // The index of the log is in memory that ends with the process.
    cpSync(dirname(getEmbedded(target).databasePath), folder, {
      recursive: true,
      filter: (name) => !name.endsWith('-shm'),
    });
    crashes.push({ after, folder });
  });
  await runImport(source, target);
  return crashes;
}

async function openTarget(source: Stores, folder: string): Promise<Stores> {
  mkdirSync(folder, { recursive: true });
  return openStores({ ...OPTIONS, folder, clock: new TestClock(source.clock.now()) });
}

async function expectSame(target: Stores, source: Stores): Promise<void> {
  expect(contentOf(target)).toEqual(contentOf(source));
  expect(sequencesOf(target)).toEqual(sequencesOf(source));
  expect(await isBeingImported(target.ports.metadata)).toBe(false);
  await checkCounters(target);
  await checkStores(target);
}

const placesOf = (crashes: readonly Crash[]) => [...new Set(crashes.map(({ after }) => after))].sort();

const PLACES = ['begun', 'checked', 'claimed', 'copied', 'noted', 'rows'].map((place) => `import.${place}`);

describe('An import that is killed', () => {
  test('goes on from wherever that was, and ends the same', async () => {
    await using source = await openStores(OPTIONS);
    await nameStore(source, 'source');
    await fill(source, PAGE + 50);
    await using copies = await memoryFolder();
    const crashes = await importAndCrash(source, copies.path);
    expect(placesOf(crashes)).toEqual([...PLACES, 'import.ended'].sort());
    for (const { after, folder } of crashes) {
      await using target = await openTarget(source, folder);
      const isOver = after === 'import.ended';
      expect(await isBeingImported(target.ports.metadata)).toBe(!isOver);
      if (!isOver) {
        const { blobs, findings } = await runImport(source, target);
        expect([findings, blobs.lost]).toEqual([0, 0]);
        expect(blobs.found).toBe(blobsIn(source) - blobs.copied);
        if (['import.rows', 'import.checked'].includes(after)) expect(blobs.copied).toBe(0);
      }
      await expectSame(target, source);
    }
  }, 60_000);

  test('takes in what has become of the source before it goes on, and the bytes that are the same are not copied again', async () => {
    await using source = await openStores(OPTIONS);
    await nameStore(source, 'source');
    const path = await fill(source, 3);
    await using copies = await memoryFolder();
    const crashes = await importAndCrash(source, copies.path);
    await happenMeanwhile(source, path);
    const places: Failpoint[] = [];
    using _ = onFailpoint((name) => {
      places.push(name);
    });
    for (const { after, folder } of crashes) {
      if (after === 'import.ended') continue;
      await using target = await openTarget(source, folder);
      const { blobs, findings } = await runImport(source, target);
      expect([findings, blobs.lost]).toEqual([0, 0]);
      if (['import.rows', 'import.checked'].includes(after)) expect([blobs.found, blobs.copied]).toEqual([5, 5]);
      await expectSame(target, source);
      await collect(target.ports);
      await checkStores(target);
    }
    expect(places).toContain('import.taken-back');
  }, 60_000);
});

/** What a server does that was started again in between: blobs go and others come, also under their numbers. */
async function happenMeanwhile(source: Stores, path: RepositoryPath): Promise<void> {
  const { ports, clock } = source;
  await deleteImages(ports, path, [{ imageTag: 'index' }, { imageTag: 't2' }]);
  clock.advance(3 * HOUR);
  await collect(ports);
  await pushImage(ports, path, buildImage('e', { layers: [blobOf('another layer'), blobOf('layer of c')] }), 'v0');
  await pushImage(ports, path, buildImage('gone'), 'again');
}

function blobsIn(stores: Stores): number {
  return contentOf(stores)['blob']?.length ?? 0;
}
