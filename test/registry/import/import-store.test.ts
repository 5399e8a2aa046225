import { rm, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onFailpoint } from '../../../src/model/failpoint.ts';
import type { RepositoryName } from '../../../src/model/repository-name.ts';
import { condemn } from '../../../src/registry/collection/condemn.ts';
import { purge } from '../../../src/registry/collection/purge.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { Claim, isBeingImported } from '../../../src/registry/import/claim.ts';
import type { ImportStep } from '../../../src/registry/import/import-store.ts';
import { beginUpload } from '../../../src/registry/layer/upload-session.ts';
import { wholeBlobs } from '../../../src/registry/layer/whole-blobs.ts';
import { blobPath } from '../../support/blob-path.ts';
import { checkStores } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import {
  type Blob,
  type BuiltManifest,
  buildImage,
  makeRepository,
  pushImage,
  REGISTRY,
} from '../../support/images.ts';
import { checkCounters } from '../../support/recount-usage.ts';
import { getEmbedded } from '../../support/stored/embedded.ts';
import { HOUR, openStores, type Stores, type StoresOptions } from '../../support/stores.ts';
import { happen, setScene, stories } from '../../support/stories.ts';
import { TestClock } from '../../support/test-clock.ts';
import { contentOf, nameStore, runImport, sequencesOf } from './whole-store.ts';

const IMAGE = buildImage('a');
const PATH = { registry: REGISTRY, repositoryName: 'app' as RepositoryName };

async function filled(name: string): Promise<Stores> {
  const stores = await namedStores(name);
  await makeRepository(stores.ports, 'app');
  await pushImage(stores.ports, PATH, IMAGE, 'a');
  await pushImage(stores.ports, PATH, buildImage('b'), 'b');
  return stores;
}

async function blobsOf({ ports }: Stores, image: BuiltManifest) {
  const digests = image.blobs.map(({ digest }) => digest);
  return ports.metadata.read(async (view) => {
    const repository = await view.repositories.find(REGISTRY, PATH.repositoryName);
    return repository ? view.blobs.findAll(repository.id, digests) : [];
  });
}

async function pathOf(stores: Stores, { digest }: Blob): Promise<string> {
  const known = await stores.ports.metadata.read((view) => view.blobs.locate(digest));
  return blobPath(getEmbedded(stores).bytesFolder, known?.storageKey ?? '');
}

async function namedStores(name: string, options: StoresOptions = {}): Promise<Stores> {
  const stores = await openStores(options);
  await nameStore(stores, name);
  return stores;
}

describe('An import', () => {
  test('makes the target the same, whatever has happened to the source, and what happens to both from then on', async () => {
    const retention = { undo: 2 * HOUR };
    const half = stories({ minLength: 10, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(half, half, async (before, after) => {
        await using source = await namedStores('source', { retention });
        const paths = await setScene(source);
        await happen(source, before, paths);
        const clock = new TestClock(source.clock.now());
        await using target = await namedStores('target', { retention, clock });

        const { findings, blobs } = await runImport(source, target);
        expect([findings, blobs.found, blobs.lost]).toEqual([0, 0, 0]);
        expect(contentOf(target)).toEqual(contentOf(source));
        expect(sequencesOf(target)).toEqual(sequencesOf(source));
        await checkCounters(target);
        await checkStores(target);

        const outcomes: string[][] = [[], []];
        for (const [at, stores] of [source, target].entries()) {
          await happen(stores, after, paths, (name, success) => {
            outcomes[at]?.push(`${name} ${success}`);
          });
        }
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(contentOf(target)).toEqual(contentOf(source));
      }),
      { numRuns: 15 },
    );
  });

  test('is undone by one the other way: every row is what it was', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target', { clock: source.clock });
    await runImport(source, target);
    await using back = await namedStores('back', { clock: source.clock });
    await runImport(target, back);
    expect(contentOf(back)).toEqual(contentOf(source));
    expect(sequencesOf(back)).toEqual(sequencesOf(source));
    await checkStores(back);
  });

  test('brings the keys that tokens are signed with, and leaves each store its name', async () => {
    await using source = await filled('source');
    const key = { name: 'registry-tokens', value: Buffer.from('key') };
    await source.ports.metadata.write((tx) => tx.secrets.put(key));
    await using target = await namedStores('target');
    await target.ports.metadata.write((tx) => tx.secrets.put({ ...key, value: Buffer.from('another') }));
    await runImport(source, target);
    const secrets = await target.ports.metadata.read((view) => view.secrets.list());
    expect(secrets.map(({ name, value }) => [name, Buffer.from(value).toString()])).toEqual([
      ['registry-tokens', 'key'],
      ['store-id', 'target'],
    ]);
  });

  test('leaves uploads under way and trash behind', async () => {
    await using source = await filled('source');
    await beginUpload(source.ports, PATH);
    await deleteImages(source.ports, PATH, [{ imageTag: 'a' }]);
    source.clock.advance(3 * HOUR);
    await purge(source.ports);
    await condemn(source.ports);
    expect(await source.ports.metadata.read((view) => view.usage.ofStore())).toMatchObject({
      trash: { count: IMAGE.blobs.length },
      uploads: { count: 1 },
    });
    await using target = await namedStores('target', { clock: source.clock });
    await runImport(source, target);
    expect(await target.ports.metadata.read((view) => view.usage.ofStore())).toMatchObject({
      trash: { count: 0, bytes: 0 },
      uploads: { count: 0, bytes: 0 },
    });
    await checkStores(target);
  });

  test('says how far it has come, in bytes and in rows', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    const steps: ImportStep[] = [];
    const { rows, bytes, blobs } = await runImport(source, target, (step) => steps.push(step));
    const [begun] = steps;
    const sizes = steps.flatMap((step) => (step.kind === 'blob' ? step.bytes : []));
    expect(begun).toMatchObject({ kind: 'begun', resumed: false, blobs: sizes.length });
    expect(begun?.kind === 'begun' && begun.bytes).toBe(sizes.reduce((sum, size) => sum + size));
    expect([bytes, blobs.copied]).toEqual([begun?.kind === 'begun' && begun.bytes, sizes.length]);
    const counted = (kind: ImportStep['kind'], table: string) =>
      steps.reduce(
        (sum, step) => (step.kind === kind && 'table' in step && step.table === table ? sum + step.rows : sum),
        0,
      );
    expect([rows['tag'], counted('rows', 'tag'), counted('compared', 'tag')]).toEqual([2, 2, 2]);
  });
});

describe('An import of bytes that the source has lost', () => {
  test('brings what is known of them, says what is missing, and a push heals it as it would have healed the source', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    const [lost, damaged] = IMAGE.blobs;
    if (!lost || !damaged) throw new Error('The image has too few blobs');
    await rm(await pathOf(source, lost));
    await writeFile(await pathOf(source, damaged), Buffer.alloc(damaged.bytes.byteLength));
    const steps: ImportStep[] = [];
    const { blobs, findings } = await runImport(source, target, (step) => steps.push(step));
    expect([blobs.lost, findings]).toEqual([2, 2]);
    const found = steps.flatMap((step) => (step.kind === 'finding' ? [[step.problem, step.subject]] : []));
    expect(found.sort()).toEqual([lost, damaged].map(({ digest }) => ['bytes missing', digest]).sort());
    expect(await isBeingImported(target.ports.metadata)).toBe(false);
    expect(await wholeBlobs(target.ports.blobs, await blobsOf(target, IMAGE))).toEqual([]);

    await pushImage(target.ports, PATH, IMAGE, 'a');
    await collect(target.ports);
    await checkStores(target);
  });
});

describe('An import is refused', () => {
  test('into a store that has something, or that part of another store was imported into', async () => {
    await using source = await filled('source');
    await using target = await filled('target');
    await expect(runImport(source, target)).rejects.toThrow('the target is not empty');
    await using other = await filled('other');
    await using half = await namedStores('half');
    await Claim.make(other.ports.metadata, half.ports.metadata, half.ports.ids);
    await expect(runImport(source, half)).rejects.toThrow('the target has part of another store');
  });

  test('into the store itself, and from one that was never served', async () => {
    await using source = await filled('source');
    await expect(runImport(source, source)).rejects.toThrow('the same store');
    await using fresh = await openStores();
    await using target = await namedStores('target');
    await expect(runImport(fresh, target)).rejects.toThrow('there is nothing to import');
  });

  test('a second time, when it has ended', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    await runImport(source, target);
    await expect(runImport(source, target)).rejects.toThrow('the target is not empty');
  });

  test('any further when another run has taken over', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    using _ = onFailpoint(async (name) => {
      if (name !== 'import.noted') return;
      await Claim.make(source.ports.metadata, target.ports.metadata, target.ports.ids);
    });
    await expect(runImport(source, target)).rejects.toThrow('another import into the target has begun');
    expect(await isBeingImported(target.ports.metadata)).toBe(true);
  });

  test('when something else has written to the target', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    const meddle = Promise.withResolvers<void>();
    using meddling = onFailpoint(async (name) => {
      if (name !== 'import.copied') return;
      meddling[Symbol.dispose]();
      await makeRepository(target.ports, 'meddler');
      meddle.resolve();
    });
    await expect(runImport(source, target)).rejects.toThrow('does something else write to the target?');
    await meddle.promise;
    await runImport(source, target);
    expect(contentOf(target)).toEqual(contentOf(source));
  });

  test('when the source erases meanwhile what is to be copied', async () => {
    await using source = await filled('source');
    await using target = await namedStores('target');
    using _ = onFailpoint(async (name) => {
      if (name !== 'import.begun') return;
      await deleteImages(source.ports, PATH, [{ imageTag: 'a' }]);
      source.clock.advance(3 * HOUR);
      await collect(source.ports);
    });
    await expect(runImport(source, target)).rejects.toThrow('deleted from the source since the import began');
  });
});
