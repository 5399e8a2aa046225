import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../../src/registry/deletion/restore.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { buildIndex, pushImage, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  codesOf,
  deletesAndCollects,
  expectWhole,
  imagesIn,
  outlive,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

/** The window outlives every lease, so that nothing but it holds the bytes. */
const WINDOW = 10 * HOUR;
const UNDO = { retention: { grace: 0, lease: HOUR, undo: WINDOW } };
const image = plainImage('regretted');
const other = plainImage('other');

async function deleted(stores: Stores) {
  const path = await repositoryWith(stores, { v1: image });
  await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
  await outlive(stores);
  return { path };
}

/** What came back, in short. */
async function restores(ports: Ports, path: RepositoryPath): Promise<string> {
  const { restored, failures } = await restoreImages(ports, path, [{ imageDigest: image.digest }]);
  return [
    ...restored.map(({ imageTag }) => `restored ${imageTag ?? 'it'}`),
    ...failures.map(({ code }) => code),
  ].join();
}

describe('In every order, with an undo window', () => {
  test('an image is restored whole, with its tag, or not at all when its window closes meanwhile and it is purged', async () => {
    const seen = new Set<unknown>();
    await everySchedule('restore × the end of the window, purge, condemn and erase', UNDO, {
      prepare: deleted,
      parties: ({ path }, clock) => [
        async (ports, pause) => {
          await pause('the window closes');
          clock.advance(WINDOW);
          await collect(ports);
        },
        (ports) => restores(ports, path),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[1]);
        const back = outcomes[1] === 'restored v1';
        expect(await imagesIn(stores, path)).toEqual(back ? { [image.digest]: ['v1'] } : {});
        if (back) await expectWhole(stores, path, image);
        else expect(await stores.bytesStored()).toBe(0);
      },
    });
    expect([...seen].sort()).toEqual(['ImageNotFound', 'restored v1']);
  });

  test('an image whose window is open is restored whatever is collected', async () => {
    await everySchedule('restore × collect within the window', UNDO, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => collect(ports), (ports) => restores(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBe('restored v1');
        await expectWhole(stores, path, image);
      },
    });
  });

  test('an image that is restored while it is pushed again is there once, with every tag', async () => {
    const seen = new Set<unknown>();
    await everySchedule('restore × push of the same digest and another tag', UNDO, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => restores(ports, path), (ports) => pushImage(ports, path, image, 'v2')],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[0]);
        expect(outcomes).toEqual(['restored v1', undefined]);
        expect(await imagesIn(stores, path)).toEqual({ [image.digest]: ['v1', 'v2'] });
        await expectWhole(stores, path, image);
      },
    });
  });

  test('a tag that is given to another image stays there, whether the restoration comes before or after', async () => {
    const seen = new Set<unknown>();
    await everySchedule('restore × push of another image under the same tag', UNDO, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => restores(ports, path), (ports) => pushImage(ports, path, other, 'v1')],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes[0]);
        expect(outcomes[1]).toBeUndefined();
        expect(await imagesIn(stores, path)).toEqual({ [image.digest]: [], [other.digest]: ['v1'] });
        for (const whole of [image, other]) await expectWhole(stores, path, whole);
      },
    });
    expect([...seen].sort()).toEqual(['restored it,ImageTagAlreadyExists', 'restored v1']);
  });

  test('an image that is restored while it is deleted ends as one after the other', async () => {
    const seen = new Set<string>();
    await everySchedule('restore × delete and collect of a live image', UNDO, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { v1: image }) }),
      parties: ({ path }) => [(ports) => restores(ports, path), deletesAndCollects(path, image)],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[0]));
        expect(outcomes[1]).toEqual(['deleted v1']);
        const back = outcomes[0] === 'restored v1';
        expect(await imagesIn(stores, path)).toEqual(back ? { [image.digest]: ['v1'] } : {});
        // What was deleted last can still be brought back.
        if (!back) expect(await restores(stores.ports, path)).toBe('restored v1');
        await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual(['ImageNotFound', 'restored v1']);
  });

  test('an image that is restored while its deletion is asked for again ends as one after the other', async () => {
    const seen = new Set<string>();
    await everySchedule('restore × delete and collect of a deleted image', UNDO, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => restores(ports, path), deletesAndCollects(path, image)],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[1]));
        expect(outcomes[0]).toBe('restored v1');
        const gone = String(outcomes[1]) === 'deleted v1';
        expect(await imagesIn(stores, path)).toEqual(gone ? {} : { [image.digest]: ['v1'] });
        if (gone) expect(await restores(stores.ports, path)).toBe('restored v1');
        await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual(['ImageNotFound', 'deleted v1']);
  });

  test('an image that two restore at once comes back once', async () => {
    await everySchedule('restore × restore', UNDO, {
      prepare: deleted,
      parties: ({ path }) => [(ports) => restores(ports, path), (ports) => restores(ports, path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes).toContain('restored v1');
        expect(await imagesIn(stores, path)).toEqual({ [image.digest]: ['v1'] });
        await expectWhole(stores, path, image);
      },
    });
  });

  test('an index is restored with its child, which is being pushed and deleted by itself', async () => {
    const index = buildIndex([image]);
    await everySchedule('restore of an index × push and delete of its child', UNDO, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, { index });
        for (const { digest } of [index, image]) await deleteImages(stores.ports, path, [{ imageDigest: digest }]);
        return { path };
      },
      parties: ({ path }) => [
        async (ports) => {
          const { failures } = await restoreImages(ports, path, [{ imageDigest: index.digest }]);
          await collect(ports);
          return failures.length;
        },
        async (ports) => {
          await putManifest(ports, path, image, 'child');
          return codesOf(await deleteImages(ports, path, [{ imageDigest: image.digest }]));
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[0]).toBe(0);
        await expectWhole(stores, path, index);
      },
    });
  });

  test('a push of what is deleted and purged is whole, though the held bytes are let go of meanwhile', async () => {
    await everySchedule('push × the end of the window, purge, condemn and erase', UNDO, {
      prepare: deleted,
      parties: ({ path }, clock) => [
        async (ports, pause) => {
          await pause('the window closes');
          clock.advance(WINDOW);
          await collect(ports);
        },
        (ports) => pushImage(ports, path, image, 'v2').then(() => 'pushed', String),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        // The window is longer than a lease: a push that takes as long may find its lease over, and is told.
        if (outcomes[1] !== 'pushed') {
          expect(String(outcomes[1])).toMatch(/LayersNotFound|do not exist|does not exist/);
          return;
        }
        expect(await imagesIn(stores, path)).toEqual({ [image.digest]: ['v2'] });
        await expectWhole(stores, path, image);
      },
    });
  });
});
