import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { checkStores, runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { buildImage, makeRepository, pushImage, REGISTRY } from '../support/images.ts';
import { HOUR, openStores } from '../support/stores.ts';
import { memoryFolder } from '../support/temp-folder.ts';
import { TestClock } from '../support/test-clock.ts';

const [early, late] = [buildImage('early'), buildImage('late')];
const app = { registry: REGISTRY, repositoryName: 'app' as never };
const LOOK = { deep: true, repair: false, strayAge: -Infinity, patience: Infinity };
const REPAIR = { ...LOOK, repair: true };

describe('GC-27: a database from a backup that is older than the blobs', () => {
  test('has bytes that it does not know of: they stay until the operator says otherwise', async () => {
    await using folder = await memoryFolder();
    const options = { folder: folder.path, clock: new TestClock() };
    {
      await using stores = await openStores(options);
      await makeRepository(stores.ports, 'app');
      await pushImage(stores.ports, app, early, 'v1');
      const backup = await stores.rows.keep();
      for (const name of ['late', 'later', 'latest']) await pushImage(stores.ports, app, buildImage(name), name);
      await backup.putBack();
    }
    await using stores = await openStores(options);
    const before = await stores.bytesStored();
    const { findings } = await runCheck(stores.ports, LOOK);
    expect(findings.map(({ kind }) => kind)).toEqual(Array(6).fill('stray bytes'));

    // Six of eight files: a repair does not believe it.
    const cautious = await runCheck(stores.ports, REPAIR);
    expect(cautious.findings.map(({ kind, repaired }) => [kind, repaired])).toEqual([
      ...Array(6).fill(['stray bytes', false]),
      ['repair refused', false],
    ]);
    expect(cautious.findings.at(-1)?.detail).toMatch(/^6 of 8 files/);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(before);

    const forced = await runCheck(stores.ports, { ...REPAIR, force: true });
    expect(forced.result).toMatchObject({ findings: 6, repaired: 6 });
    await checkStores(stores);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(early.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0));
    await checkStores(stores);
  });

  test('has rows of images that were deleted since: their bytes are reported as missing, and collection harms nothing', async () => {
    await using folder = await memoryFolder();
    const options = { folder: folder.path, clock: new TestClock(), retention: { grace: 0, lease: HOUR } };
    {
      await using stores = await openStores(options);
      await makeRepository(stores.ports, 'app');
      await pushImage(stores.ports, app, early, 'v1');
      await pushImage(stores.ports, app, late, 'v2');
      const backup = await stores.rows.keep();
      await deleteImages(stores.ports, app, [{ imageTag: 'v2' }]);
      stores.clock.advance(HOUR);
      await collect(stores.ports);
      await backup.putBack();
    }
    await using stores = await openStores(options);
    const { findings } = await runCheck(stores.ports, { ...REPAIR, force: true });
    expect(findings.map(({ kind, subject }) => [kind, subject])).toEqual(
      late.blobs.map((blob) => ['bytes missing', blob.digest]),
    );
    for (const { detail } of findings) expect(detail).toContain(`app@${late.digest} (v2)`);
    stores.clock.advance(48 * HOUR);
    await collect(stores.ports);
    expect((await runCheck(stores.ports, LOOK)).findings).toEqual(findings.map((one) => ({ ...one, repaired: false })));
    await pushImage(stores.ports, app, late, 'v2');
    await collect(stores.ports);
    await checkStores(stores);
  });
});

describe('GC-27: blobs from a backup that is older than the database', () => {
  test('lack what was pushed since: it is named, and whole again when it is pushed again', async () => {
    await using folder = await memoryFolder();
    const options = { folder: folder.path, clock: new TestClock() };
    {
      await using stores = await openStores(options);
      await makeRepository(stores.ports, 'app');
      await pushImage(stores.ports, app, early, 'v1');
      const backup = await stores.bytes.keep();
      await pushImage(stores.ports, app, late, 'v2', 'stable');
      await backup.putBack();
    }
    await using stores = await openStores(options);
    const { findings, result } = await runCheck(stores.ports, { ...REPAIR, force: true });
    expect(findings.map(({ kind, subject }) => [kind, subject])).toEqual(
      late.blobs.map((blob) => ['bytes missing', blob.digest]),
    );
    for (const { detail } of findings) expect(detail).toContain(`app@${late.digest} (v2, stable)`);
    expect(result.repaired).toBe(0);
    await pushImage(stores.ports, app, late, 'v2');
    expect((await runCheck(stores.ports, LOOK)).findings).toEqual([]);
    await collect(stores.ports);
    await checkStores(stores);
  });

  test('have again what was deleted since: a repair gives the space back', async () => {
    await using folder = await memoryFolder();
    const options = { folder: folder.path, clock: new TestClock(), retention: { grace: 0, lease: HOUR } };
    {
      await using stores = await openStores(options);
      await makeRepository(stores.ports, 'app');
      await pushImage(stores.ports, app, early, 'v1');
      await pushImage(stores.ports, app, late, 'v2');
      const backup = await stores.bytes.keep();
      stores.clock.advance(HOUR);
      await deleteImages(stores.ports, app, [{ imageTag: 'v2' }]);
      await collect(stores.ports);
      await backup.putBack();
    }
    await using stores = await openStores(options);
    // Two of four files: half, which is not most.
    const { findings } = await runCheck(stores.ports, REPAIR);
    expect(findings.map(({ kind, repaired }) => [kind, repaired])).toEqual(Array(2).fill(['stray bytes', true]));
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(early.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0));
    await checkStores(stores);
  });
});
