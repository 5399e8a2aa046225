import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { putTagMutability } from '../../../src/registry/repository/tag-mutability.ts';
import { collect } from '../../support/collect.ts';
import { type BuiltManifest, makeRepository, pushBlob, pushImage, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  codeOf,
  deletesAndCollects,
  expectWhole,
  GRACE,
  imagesIn,
  NO_GRACE,
  outlive,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const image = plainImage('doomed');
const doomed = async (stores: Stores) => ({ path: await repositoryWith(stores, { old: image }) });

/** As docker: asks for each blob, uploads those that are not there, then puts the manifest, which must succeed. */
async function asksThenPushes(ports: Ports, path: RepositoryPath, pushed: BuiltManifest, tag: string): Promise<string> {
  for (const blob of pushed.blobs) {
    const found = await promiseBlobs(ports, path, [blob.digest]);
    if (found.length === 0) await pushBlob(ports, path, blob);
  }
  await putManifest(ports, path, pushed, tag);
  return 'pushed';
}

describe.each([
  ['no grace', NO_GRACE],
  ['a grace', GRACE],
])('With %s, in every order', (which, retention) => {
  test('GC-01: what a client was told is there can be pushed, while the last image with it is deleted and collected', async () => {
    await everySchedule(`HEAD, then push × delete and collect (${which})`, retention, {
      prepare: doomed,
      parties: ({ path }) => [deletesAndCollects(path, image), (ports) => asksThenPushes(ports, path, image, 'new')],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBe('pushed');
        const state = await imagesIn(stores, path);
        // The deletion came before the push, or it came after and took the pushed image with it.
        expect([{ [image.digest]: ['new'] }, {}]).toContainEqual(state);
        expect(outcomes[0]).toContain('deleted old');
        if (state[image.digest]) await expectWhole(stores, path, image);
      },
    });
  });

  test('GC-02: a blob that was uploaded can be pushed, while the last image with it is deleted and collected', async () => {
    await everySchedule(`push × delete and collect (${which})`, retention, {
      prepare: doomed,
      parties: ({ path }) => [deletesAndCollects(path, image), (ports) => pushImage(ports, path, image, 'new')],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBeUndefined();
        const state = await imagesIn(stores, path);
        expect([{ [image.digest]: ['new'] }, {}]).toContainEqual(state);
        if (state[image.digest]) await expectWhole(stores, path, image);
      },
    });
  });

  test('GC-02: another repository can push the same blob, while the only image with it is deleted and collected', async () => {
    await everySchedule(`push to another repository × delete and collect (${which})`, retention, {
      prepare: async (stores) => ({
        ...(await doomed(stores)),
        other: await makeRepository(stores.ports, 'other'),
      }),
      parties: ({ path, other }) => [
        deletesAndCollects(path, image),
        (ports) => asksThenPushes(ports, other, image, 'new'),
      ],
      check: async ({ stores, outcomes }, { path, other }) => {
        expect(outcomes).toEqual([['deleted old'], 'pushed']);
        expect(await imagesIn(stores, path)).toEqual({});
        await expectWhole(stores, other, image);
      },
    });
  });

  test('GC-17: an image that is deleted while it gets a second tag leaves no tag that points to nothing', async () => {
    await everySchedule(`tag × delete and collect (${which})`, retention, {
      prepare: doomed,
      parties: ({ path }) => [deletesAndCollects(path, image), (ports) => putManifest(ports, path, image, 'second')],
      check: async ({ stores, outcomes }, { path }) => {
        const state = await imagesIn(stores, path);
        // Without a promise the blobs may be gone: then the client is told, and nothing of the image is there.
        expect(['done', ...(retention === NO_GRACE ? ['LayersNotFound'] : [])]).toContain(codeOf(outcomes[1]));
        expect([{}, { [image.digest]: ['second'] }]).toContainEqual(state);
        if (codeOf(outcomes[1]) === 'LayersNotFound') expect(state).toEqual({});
        if (state[image.digest]) await expectWhole(stores, path, image);
      },
    });
  });
});

describe('In every order', () => {
  test.each([
    ['asks first', (ports: Ports, path: RepositoryPath) => asksThenPushes(ports, path, image, 'new')],
    [
      'uploads at once',
      (ports: Ports, path: RepositoryPath) => pushImage(ports, path, image, 'new').then(() => 'pushed'),
    ],
  ])(
    'GC-03 and GC-04: what a client that %s pushes again, while it is purged, condemned and erased, is whole, however late the erasure comes',
    async (how, push) => {
      await everySchedule(`push (${how}) × purge, condemn and erase of the same digest`, NO_GRACE, {
        prepare: async (stores) => {
          const { path } = await doomed(stores);
          await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
          return { path };
        },
        parties: ({ path }) => [async (ports) => (await collect(ports)).erasedKeys, (ports) => push(ports, path)],
        check: async ({ stores, outcomes }, { path }) => {
          expect(outcomes[1]).toBe('pushed');
          expect(await imagesIn(stores, path)).toEqual({ [image.digest]: ['new'] });
          await expectWhole(stores, path, image);
        },
      });
    },
  );

  test('GC-05: two collectors erase each thing once, and stand in nobody’s way', async () => {
    await everySchedule('collect × collect', NO_GRACE, {
      prepare: async (stores) => {
        const { path } = await doomed(stores);
        await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
        return { path };
      },
      parties: () => [async (ports) => collect(ports), async (ports) => collect(ports)],
      check: async ({ stores, outcomes }) => {
        const collected = outcomes as Awaited<ReturnType<typeof collect>>[];
        expect(collected.reduce((sum, { purgedImages }) => sum + purgedImages, 0)).toBe(1);
        expect(collected.reduce((sum, { condemnedBlobs }) => sum + condemnedBlobs, 0)).toBe(1);
        expect(await stores.bytesStored()).toBe(0);
      },
    });
  });

  test('GC-05: a collector that was held up between any two steps, while another went on and the image was pushed again, harms nothing', async () => {
    await everySchedule('collect × collect, then push', NO_GRACE, {
      prepare: async (stores) => {
        const { path } = await doomed(stores);
        await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
        return { path };
      },
      parties: ({ path }) => [
        async (ports) => (await collect(ports)).erasedKeys,
        async (ports) => {
          await collect(ports);
          return asksThenPushes(ports, path, image, 'new');
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBe('pushed');
        await expectWhole(stores, path, image);
      },
    });
  });

  test.each([
    ['before it ends', HOUR - 1, ['done']],
    ['when it ends', HOUR, ['done', 'LayersNotFound']],
  ])(
    'GC-06: a manifest whose lease is collected %s, while it is pushed, is whole or is refused',
    async (when, wait, allowed) => {
      const seen = new Set<string>();
      await everySchedule(`put × the hour of the lease, collected ${when}`, NO_GRACE, {
        prepare: async (stores) => {
          const path = await makeRepository(stores.ports, 'app');
          for (const blob of image.blobs) await pushBlob(stores.ports, path, blob);
          return { path };
        },
        parties: ({ path }, clock) => [
          async (ports, pause) => {
            await pause('the hour strikes');
            clock.advance(wait);
            await collect(ports);
          },
          (ports) => putManifest(ports, path, image, 'new'),
        ],
        check: async ({ stores, outcomes }, { path }) => {
          const code = codeOf(outcomes[1]);
          expect(allowed).toContain(code);
          seen.add(code);
          expect(await imagesIn(stores, path)).toEqual(code === 'done' ? { [image.digest]: ['new'] } : {});
          if (code === 'done') await expectWhole(stores, path, image);
        },
      });
      expect([...seen].sort()).toEqual([...allowed].sort());
    },
  );

  test('GC-21: of two images pushed under one immutable tag, exactly one gets it', async () => {
    const [one, two] = [plainImage('one'), plainImage('two')];
    await everySchedule('put × put of an immutable tag', NO_GRACE, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, { a: one, b: two });
        await putTagMutability(stores.ports, path, { mode: 'IMMUTABLE', exclusionFilters: [] });
        await outlive(stores);
        return { path };
      },
      parties: ({ path }) => [
        (ports) => putManifest(ports, path, one, 'release'),
        (ports) => putManifest(ports, path, two, 'release'),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes.map(codeOf).sort()).toEqual(['ImageTagAlreadyExists', 'done']);
        const winner = codeOf(outcomes[0]) === 'done' ? one : two;
        const tagged = Object.entries(await imagesIn(stores, path)).filter(([, tags]) => tags.includes('release'));
        expect(tagged.map(([digest]) => digest)).toEqual([winner.digest]);
      },
    });
  });
});
