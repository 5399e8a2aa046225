import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { appendToUpload } from '../../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../../src/registry/layer/complete-upload.ts';
import { findBlob, promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { beginUpload } from '../../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { runCheck } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, chunksOf, pushBlob, pushImage, putManifest } from '../../support/images.ts';
import { SCALED } from '../../support/scaled/environment.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  deletesAndCollects,
  expectWhole,
  imagesIn,
  NO_GRACE,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import type { Stores } from '../../support/stores.ts';

const image = plainImage('doomed');
const blob = image.blobs[0] ?? blobOf('');
const { digest } = blob;

/**
 * Files are known before their first byte. Objects have names that are noted after them: what protects those on their way is that they
 * are young, and the clock of the object store is later than that of the tests.
 */
const STRAY_AGE = SCALED ? 0 : -Infinity;

/** Looks at everything and puts right what is certain, with no patience for bytes that may be on their way. */
const reconciles = async (ports: Ports): Promise<string[]> => {
  const { findings } = await runCheck(ports, { deep: true, repair: true, strayAge: STRAY_AGE, patience: Infinity });
  return findings.map(({ kind, repaired }) => `${kind}${repaired ? ', repaired' : ''}`);
};

/** An upload with all its bytes, not completed. */
async function uploads(ports: Ports, path: RepositoryPath): Promise<string> {
  const uploadId = await beginUpload(ports, path);
  const { bytes } = blob;
  await appendToUpload(ports, { ...path, uploadId }, { bytes: chunksOf(bytes), first: 0, length: bytes.byteLength });
  return uploadId;
}

describe('In every order, a reconciliation', () => {
  test('finds nothing in a sound store, and harms nothing, while an upload begins and its bytes arrive', async () => {
    await everySchedule('reconcile × begin and append', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, {}) }),
      parties: ({ path }) => [reconciles, (ports) => uploads(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[0]).toEqual([]);
        await completeUpload(stores.ports, { ...path, uploadId: String(outcomes[1]) }, digest);
      },
    });
  });

  test('finds nothing in a sound store, and harms nothing, while an upload is completed and its image pushed', async () => {
    await everySchedule('reconcile × complete and put', NO_GRACE, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, {});
        return { path, uploadId: await uploads(stores.ports, path) };
      },
      parties: ({ path, uploadId }) => [
        reconciles,
        async (ports) => {
          await completeUpload(ports, { ...path, uploadId }, digest);
          return (await putManifest(ports, path, image, 'new')).digest;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes).toEqual([[], image.digest]);
        await expectWhole(stores, path, image);
      },
    });
  });

  test('finds nothing in a sound store, and harms nothing, while its only image is deleted, condemned and erased', async () => {
    await everySchedule('reconcile × delete and collect', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { old: image }) }),
      parties: ({ path }) => [reconciles, deletesAndCollects(path, image)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes).toEqual([[], ['deleted old']]);
        expect(await imagesIn(stores, path)).toEqual({});
      },
    });
  });

  test('makes trash of bytes that nobody knows, and of no others, while an image is pushed and collected beside it', async () => {
    await everySchedule('reconcile a stray × delete, collect and push', NO_GRACE, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, { old: image });
        await stores.bytes.plant('000000000000000000000000zz', Buffer.from('stray'), 0);
        return { path };
      },
      parties: ({ path }) => [
        reconciles,
        async (ports) => {
          await deleteImages(ports, path, [{ imageTag: 'old' }]);
          const known = await promiseBlobs(ports, path, [digest]);
          if (known.length === 0) for (const blob of image.blobs) await pushBlob(ports, path, blob);
          await putManifest(ports, path, image, 'new');
          await collect(ports);
          return 'pushed';
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes).toEqual([['stray bytes, repaired'], 'pushed']);
        await expectWhole(stores, path, image);
      },
    });
  });
});

describe('In every order, bytes that a disk has lost', () => {
  const lost = async (stores: Stores) => {
    const path = await repositoryWith(stores, { old: image });
    const found = await findBlob(stores.ports, path, digest);
    await stores.bytes.lose(found?.storageKey ?? '');
    return { path };
  };
  const DAMAGED = { ...NO_GRACE, damaged: true };

  test('are there again after two pushes at once', async () => {
    await everySchedule('push × push of lost bytes', DAMAGED, {
      prepare: lost,
      parties: ({ path }) => [
        async (ports) => (await promiseBlobs(ports, path, [digest])).length || pushImage(ports, path, image, 'one'),
        (ports) => pushImage(ports, path, image, 'two'),
      ],
      check: async ({ stores }, { path }) => {
        await expectWhole(stores, path, image);
      },
    });
  });

  test('are there again after a push, or gone with their image, which is deleted and collected meanwhile', async () => {
    await everySchedule('push of lost bytes × delete and collect', DAMAGED, {
      prepare: lost,
      parties: ({ path }) => [deletesAndCollects(path, image), (ports) => pushImage(ports, path, image, 'new')],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBeUndefined();
        if ((await imagesIn(stores, path))[image.digest]) await expectWhole(stores, path, image);
      },
    });
  });

  test('are promised to nobody before they are there again', async () => {
    const seen = new Set<unknown>();
    await everySchedule('push of lost bytes × HEAD, then push', DAMAGED, {
      prepare: lost,
      parties: ({ path }) => [
        (ports) => pushImage(ports, path, image, 'one'),
        async (ports) => {
          const promised = (await promiseBlobs(ports, path, [digest])).length;
          if (promised === 0) await pushBlob(ports, path, blob);
          await putManifest(ports, path, image, 'two');
          return promised;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[1]);
        await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual([0, 1]);
  });
});
