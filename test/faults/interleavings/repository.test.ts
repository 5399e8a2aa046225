import { describe, expect, test } from 'vitest';
import { Fault } from '../../../src/model/fault.ts';
import { DISMANTLE_BATCH } from '../../../src/registry/collection/dismantle.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { restoreRepository } from '../../../src/registry/deletion/restore.ts';
import { appendToUpload } from '../../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../../src/registry/layer/complete-upload.ts';
import { findBlob } from '../../../src/registry/layer/find-blobs.ts';
import { beginUpload } from '../../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';
import { deleteRepository } from '../../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, buildIndex, chunksOf, makeRepository, pushImage, putManifest } from '../../support/images.ts';
import { SCALED } from '../../support/scaled/environment.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import { codeOf, expectWhole, imagesIn, NO_GRACE, plainImage, repositoryWith } from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const [old, fresh] = [plainImage('old'), plainImage('fresh')];
const late = blobOf('late');

/** With an image, and an upload under way. */
async function inUse(stores: Stores) {
  const path = await repositoryWith(stores, { old });
  return { path, upload: { ...path, uploadId: await beginUpload(stores.ports, path) } };
}

const dropsAndCollects = (path: RepositoryPath) => async (ports: Ports) => {
  await deleteRepository(ports, path, { force: true });
  await collect(ports);
};

/** The code of what stopped it, or `pushed`. */
async function pushes(ports: Ports, path: RepositoryPath): Promise<string> {
  try {
    await pushImage(ports, path, fresh, 'fresh');
    return 'pushed';
  } catch (error) {
    return codeOf(error);
  }
}

async function exists(stores: Stores, path: RepositoryPath): Promise<boolean> {
  return imagesIn(stores, path).then(
    () => true,
    (error: unknown) => {
      expect(codeOf(error)).toBe('RepositoryNotFound');
      return false;
    },
  );
}

describe('In every order, a repository', () => {
  test('that is deleted by force while an image is pushed to it is gone with it, and the push is told unless it came first', async () => {
    const seen = new Set<unknown>();
    await everySchedule('DeleteRepository (force) and collect × push', NO_GRACE, {
      prepare: inUse,
      parties: ({ path }) => [dropsAndCollects(path), (ports) => pushes(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[1]);
        expect(outcomes[0]).toBeUndefined();
        expect(await exists(stores, path)).toBe(false);
      },
    });
    // Of bytes in a file the upload learns that they were erased; an object that is finished is the blob by then.
    const late = SCALED ? [] : ['UploadNotFound'];
    expect([...seen].sort()).toEqual(['RepositoryNotFound', ...late, 'pushed']);
  });

  test('that is deleted only if it is empty is not deleted with an image that was pushed first', async () => {
    const seen = new Set<unknown>();
    await everySchedule('DeleteRepository (no force) × push', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, {}) }),
      parties: ({ path }) => [
        async (ports) => {
          await deleteRepository(ports, path, { force: false });
          await collect(ports);
        },
        (ports) => pushes(ports, path),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[1]);
        expect(outcomes[0] instanceof Fault ? outcomes[0].code : 'deleted').toBe(
          outcomes[1] === 'pushed' ? 'RepositoryNotEmpty' : 'deleted',
        );
        if (outcomes[1] === 'pushed') await expectWhole(stores, path, fresh);
        else expect(await exists(stores, path)).toBe(false);
      },
    });
    expect(seen.has('pushed') && seen.has('RepositoryNotFound')).toBe(true);
  });

  test('GC-19: that is made anew has nothing of the one before, and what is pushed to it is whole', async () => {
    const seen = new Set<unknown>();
    await everySchedule('DeleteRepository (force) and collect × CreateRepository and push', NO_GRACE, {
      prepare: inUse,
      parties: ({ path }) => [
        dropsAndCollects(path),
        async (ports) => {
          const created = await createRepository(ports, path, DEFAULT_SETTINGS).then(() => 'created', codeOf);
          return `${created}, ${await pushes(ports, path)}`;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[1]);
        const created = String(outcomes[1]).startsWith('created');
        expect(await exists(stores, path)).toBe(created);
        if (!created) return;
        expect(outcomes[1]).toBe('created, pushed');
        expect(await imagesIn(stores, path)).toEqual({ [fresh.digest]: ['fresh'] });
        expect(await findBlob(stores.ports, path, old.blobs[0]?.digest ?? '')).toBeUndefined();
        await expectWhole(stores, path, fresh);
      },
    });
    expect(seen.has('created, pushed') && seen.has('RepositoryAlreadyExists, pushed')).toBe(true);
  });

  test('GC-19: that is made anew has no uploads of the one before, however late their bytes come', async () => {
    await everySchedule('DeleteRepository, CreateRepository and collect × the end of an upload', NO_GRACE, {
      prepare: inUse,
      parties: ({ path, upload }) => [
        async (ports) => {
          await deleteRepository(ports, path, { force: true });
          await createRepository(ports, path, DEFAULT_SETTINGS);
          await collect(ports);
        },
        async (ports) => {
          await appendToUpload(ports, upload, { bytes: chunksOf(late.bytes), first: 0, length: late.bytes.byteLength });
          await completeUpload(ports, upload, late.digest);
        },
      ],
      check: async ({ stores, outcomes }, { path, upload }) => {
        expect(outcomes[0]).toBeUndefined();
        expect(['done', 'UploadNotFound', 'RepositoryNotFound']).toContain(codeOf(outcomes[1]));
        expect(await imagesIn(stores, path)).toEqual({});
        expect(await findBlob(stores.ports, path, late.digest)).toBeUndefined();
        await expect(completeUpload(stores.ports, upload, late.digest)).rejects.toThrow(/does not exist/);
      },
    });
  });

  test('that is deleted by two is deleted once', async () => {
    await everySchedule('DeleteRepository × DeleteRepository', NO_GRACE, {
      prepare: inUse,
      parties: ({ path }) => [dropsAndCollects(path), (ports) => deleteRepository(ports, path, { force: true })],
      check: async ({ stores, outcomes }, { path }) => {
        const codes = outcomes.map((outcome) => (outcome instanceof Error ? codeOf(outcome) : 'deleted'));
        expect(codes.sort()).toEqual(['RepositoryNotFound', 'deleted']);
        expect(await exists(stores, path)).toBe(false);
      },
    });
  });
});

describe('In every order, with an undo window, a deleted repository', () => {
  const undo = { retention: { grace: 0, lease: HOUR, undo: HOUR } };

  async function deleted(stores: Stores) {
    const path = await repositoryWith(stores, { old });
    await deleteRepository(stores.ports, path, { force: true });
    return { path };
  }

  test('that workers are taking apart is restored with all it had', async () => {
    await everySchedule('restore of a repository × collect', undo, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => collect(ports), (ports) => restoreRepository(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toEqual({ images: 1 });
        expect(await imagesIn(stores, path)).toEqual({ [old.digest]: ['old'] });
        await expectWhole(stores, path, old);
      },
    });
  });

  test('is restored whole or not at all when its window closes meanwhile', async () => {
    const seen = new Set<string>();
    await everySchedule('restore of a repository × the end of its window, and collect', undo, {
      prepare: deleted,
      parties: ({ path }, clock) => [
        async (ports, pause) => {
          await pause('the window closes');
          clock.advance(HOUR);
          await collect(ports);
        },
        (ports) => restoreRepository(ports, path),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const code = outcomes[1] instanceof Error ? codeOf(outcomes[1]) : 'restored';
        seen.add(code);
        expect(await exists(stores, path)).toBe(code === 'restored');
        if (code === 'restored') await expectWhole(stores, path, old);
      },
    });
    expect([...seen].sort()).toEqual(['RepositoryNotFound', 'restored']);
  });

  test('gives way to one that takes its name first', async () => {
    const seen = new Set<string>();
    await everySchedule('restore of a repository × CreateRepository and push', undo, {
      prepare: deleted,
      parties: ({ path }) => [
        (ports) => restoreRepository(ports, path),
        async (ports) => {
          const created = await createRepository(ports, path, DEFAULT_SETTINGS).then(() => 'created', codeOf);
          return `${created}, ${await pushes(ports, path)}`;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const restored = !(outcomes[0] instanceof Error);
        seen.add(String(outcomes[1]));
        expect(outcomes[1]).toBe(restored ? 'RepositoryAlreadyExists, pushed' : 'created, pushed');
        await expectWhole(stores, path, fresh);
        if (restored) await expectWhole(stores, path, old);
        else expect(await imagesIn(stores, path)).toEqual({ [fresh.digest]: ['fresh'] });
      },
    });
    expect(seen.size).toBe(2);
  });

  test('is restored with what was deleted and pushed again at the very instant of its deletion', async () => {
    const seen = new Set<string>();
    await everySchedule('delete and push again × DeleteRepository, all at one instant', undo, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { old }) }),
      parties: ({ path }) => [
        async (ports) => {
          await deleteImages(ports, path, [{ imageTag: 'old' }]);
          await pushImage(ports, path, old, 'again');
          return 'pushed';
        },
        async (ports) => {
          await deleteRepository(ports, path, { force: true });
          await collect(ports);
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const pushed = outcomes[0] === 'pushed';
        await restoreRepository(stores.ports, path);
        const tags = (await imagesIn(stores, path))[old.digest];
        seen.add(String(tags));
        // An image that was deleted in the same millisecond as its repository cannot be told from the others.
        if (pushed) expect(tags).toContain('again');
        else expect(tags).toEqual(['old']);
        await expectWhole(stores, path, old);
      },
    });
    expect(seen.has('again') && seen.has('old')).toBe(true);
  });

  test('of more images than workers take at once is restored with every one, however far they have come', async () => {
    const many = Array.from({ length: DISMANTLE_BATCH + 5 }, (_, at) =>
      buildIndex([], { annotations: { at: `${at}` } }),
    );
    await everySchedule('restore of a large repository × collect', undo, {
      prepare: async (stores) => {
        const path = await makeRepository(stores.ports, 'app');
        for (const [at, index] of many.entries()) await putManifest(stores.ports, path, index, `v${at}`);
        await deleteRepository(stores.ports, path, { force: true });
        return { path };
      },
      parties: ({ path }) => [(ports) => collect(ports), (ports) => restoreRepository(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toEqual({ images: many.length });
        expect(await imagesIn(stores, path)).toEqual(
          Object.fromEntries(many.map(({ digest }, at) => [digest, [`v${at}`]])),
        );
      },
    });
  });
});
