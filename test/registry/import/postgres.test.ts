import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileSystemStores } from '../../../src/blobs/file-system/open-stores.ts';
import { onFailpoint } from '../../../src/model/failpoint.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';
import { runCheck } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, buildImage, buildIndex, pushImage, REGISTRY } from '../../support/images.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../../support/postgres/databases.ts';
import { objectsIn, openOn } from '../../support/s3/s3-under-test.ts';
import { startAnyS3 } from '../../support/s3/start-any-s3.ts';
import { HOUR, openStores, type Stores } from '../../support/stores.ts';
import { happen, setScene, stories } from '../../support/stories.ts';
import { memoryFolder } from '../../support/temp-folder.ts';
import type { TestClock } from '../../support/test-clock.ts';
import { contentOf, contentOfPostgres, nameStore, runImport, sequencesOf } from './whole-store.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const OPTIONS = { retention: { undo: 2 * HOUR } };

describe.skipIf(NO_POSTGRES)('An import into PostgreSQL', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  /** Stores whose rows are in a database of their own. */
  async function openTarget({ ports }: Pick<Stores, 'ports'>, bucket?: Pick<Stores['ports'], 'blobs' | 'uploads'>) {
    const folder = await memoryFolder();
    const url = await databases.fresh();
    const metadata = await openPostgres(url);
    const bytesFolder = join(folder.path, 'bytes');
    const { blobs, uploads } = bucket ?? (await openFileSystemStores(bytesFolder));
    const target = { ports: { ...ports, metadata, blobs, uploads } };
    await nameStore(target, url);
    return {
      ...target,
      content: () => contentOfPostgres(url, bytesFolder),
      [Symbol.asyncDispose]: async () => {
        await metadata[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  async function filled(story: Parameters<typeof happen>[1]): Promise<Stores> {
    const source = await openStores(OPTIONS);
    await nameStore(source, 'source');
    await happen(source, story, await setScene(source));
    return source;
  }

  async function comeBack(from: Pick<Stores, 'ports'>, clock: TestClock): Promise<Stores> {
    const back = await openStores({ ...OPTIONS, clock });
    await nameStore(back, 'back');
    expect(await runImport(from, back)).toMatchObject({ findings: 0, blobs: { lost: 0 } });
    return back;
  }

  test('makes it the same, whatever has happened to the source, and one back undoes it row by row', async () => {
    await fc.assert(
      fc.asyncProperty(stories({ minLength: 20, maxLength: 50 }), async (story) => {
        await using source = await filled(story);
        await using target = await openTarget(source);
        expect(await runImport(source, target)).toMatchObject({ findings: 0, blobs: { lost: 0 } });
        expect(await target.content()).toEqual(contentOf(source));
        await using back = await comeBack(target, source.clock);
        expect(contentOf(back)).toEqual(contentOf(source));
        expect(sequencesOf(back)).toEqual(sequencesOf(source));
      }),
      { numRuns: 6 },
    );
  });

  test('that breaks off goes on in another process, and new rows get new numbers', async () => {
    await using source = await filled([]);
    const image = buildImage('a');
    const app = { registry: REGISTRY, repositoryName: 'app' as never };
    await pushImage(source.ports, app, buildIndex([image, buildImage('b')]), 'index');
    await pushImage(source.ports, app, buildImage('c'), 'c');
    await deleteImages(source.ports, app, [{ imageTag: 'c' }]);
    await using target = await openTarget(source);
    for (const place of ['import.claimed', 'import.copied', 'import.noted', 'import.rows', 'import.checked']) {
      using _ = onFailpoint((name) => {
        if (name === place) throw new Error('broken off');
      });
      await expect(runImport(source, target)).rejects.toThrow('broken off');
    }
    await runImport(source, target);
    expect(await target.content()).toEqual(contentOf(source));
    for (const stores of [source, target]) {
      await createRepository(stores.ports, { ...app, repositoryName: 'new' as never }, DEFAULT_SETTINGS);
      await pushImage(stores.ports, app, buildImage('d', { subject: image }), 'd');
    }
    expect(await target.content()).toEqual(contentOf(source));
    const sound = await runCheck(target.ports, { deep: true, repair: false, strayAge: -Infinity, patience: Infinity });
    expect(sound.findings).toEqual([]);
  });

  test('and a bucket, broken off now and again, leaves nothing else there, and is undone as well', async () => {
    await using source = await filled([]);
    const app = { registry: REGISTRY, repositoryName: 'app' as never };
    const parts = Array.from({ length: 20 }, () => randomBytes(1024 * 1024));
    const image = buildImage('a', { layers: [blobOf(Buffer.concat(parts)), blobOf('small')] });
    await pushImage(source.ports, app, image, 'v1');
    await using s3 = await startAnyS3();
    await using bucket = await openOn(s3);
    await using target = await openTarget(source, bucket);
    for (const place of ['import.copied', 'import.noted']) {
      using _ = onFailpoint((name) => {
        if (name === place) throw new Error('broken off');
      });
      await expect(runImport(source, target)).rejects.toThrow('broken off');
    }
    expect(await runImport(source, target)).toMatchObject({ findings: 0, blobs: { lost: 0 } });
    source.clock.advance(2 * HOUR);
    await collect(target.ports);
    const blobs = await target.ports.metadata.read((view) => view.usage.ofStore());
    expect((await objectsIn(bucket)).size).toBe(blobs.blobs.count);
    await using back = await comeBack(target, source.clock);
    expect(contentOf(back)).toEqual(contentOf(source));
  });
});
