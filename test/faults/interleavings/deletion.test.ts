import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { deleteWanted } from '../../../src/registry/deletion/delete-wanted.ts';
import { PullRecorder } from '../../../src/registry/image/pull-recorder.ts';
import { collect } from '../../support/collect.ts';
import { putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  codesOf,
  deletesAndCollects,
  expectWhole,
  imagesIn,
  NO_GRACE,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';

const [one, two, three] = [plainImage('one'), plainImage('two'), plainImage('three')];
type Answer = Awaited<ReturnType<typeof deleteImages>>;

describe('In every order', () => {
  test('GC-15: a tag that moves while it is deleted goes from the image that it points to by then, and the answer names that one', async () => {
    const seen = new Set<string | undefined>();
    await everySchedule('delete by tag × move of the tag', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { v1: one, keep: two }) }),
      parties: ({ path }) => [
        async (ports) => {
          const answer = await deleteImages(ports, path, [{ imageTag: 'v1' }]);
          await collect(ports);
          return answer;
        },
        (ports) => putManifest(ports, path, two, 'v1'),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const { deleted, failures } = outcomes[0] as Answer;
        const gone = deleted[0]?.imageDigest;
        seen.add(gone);
        expect(failures).toEqual([]);
        expect(deleted).toEqual([{ imageDigest: gone, imageTag: 'v1' }]);
        // Deleted first: the image went with its only tag. Moved first: the tag went from the other image.
        expect(await imagesIn(stores, path)).toEqual(
          gone === one.digest ? { [two.digest]: ['keep', 'v1'] } : { [one.digest]: [], [two.digest]: ['keep'] },
        );
        await expectWhole(stores, path, two);
      },
    });
    expect(seen).toEqual(new Set([one.digest, two.digest]));
  });

  test('GC-16: a tag that moves while it is deleted together with its digest stays where it went, and the answer says that they do not match', async () => {
    const seen = new Set<string>();
    await everySchedule('delete by tag and digest × move of the tag', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { v1: one, keep: two }) }),
      parties: ({ path }) => [
        async (ports) => codesOf(await deleteImages(ports, path, [{ imageTag: 'v1', imageDigest: one.digest }])),
        (ports) => putManifest(ports, path, two, 'v1'),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const code = String(outcomes[0]);
        seen.add(code);
        const images = await imagesIn(stores, path);
        expect(images[two.digest]).toEqual(['keep', 'v1']);
        expect(images[one.digest]).toEqual(code === 'deleted v1' ? undefined : []);
      },
    });
    expect([...seen].sort()).toEqual(['ImageTagDoesNotMatchDigest', 'deleted v1']);
  });

  test('GC-18: of two deletions of the same images each is reported deleted by exactly one, and not found by the other', async () => {
    await everySchedule('delete × delete of the same images', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { a: one, b: two }) }),
      parties: ({ path }) => [
        async (ports) => {
          const answer = await deleteImages(
            ports,
            path,
            [one, two].map(({ digest }) => ({ imageDigest: digest })),
          );
          await collect(ports);
          return codesOf(answer);
        },
        async (ports) => {
          const ids = [two, one].map(({ digest }) => ({ imageDigest: digest }));
          return codesOf(await deleteImages(ports, path, ids));
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect((outcomes as string[][]).flat().sort()).toEqual([
          'ImageNotFound',
          'ImageNotFound',
          'deleted a',
          'deleted b',
        ]);
        expect(await imagesIn(stores, path)).toEqual({});
      },
    });
  });

  test('GC-18: two deletions of parts of the same images count each image once', async () => {
    await everySchedule('delete × delete of overlapping images', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { a: one, b: two, c: three }) }),
      parties: ({ path }) => [
        async (ports) => codesOf(await deleteImages(ports, path, [{ imageTag: 'a' }, { imageTag: 'b' }])),
        async (ports) => codesOf(await deleteImages(ports, path, [{ imageTag: 'b' }, { imageTag: 'c' }])),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const answers = (outcomes as string[][]).flat().sort();
        expect(answers).toEqual(['ImageNotFound', 'deleted a', 'deleted b', 'deleted c']);
        expect(await imagesIn(stores, path)).toEqual({});
      },
    });
  });

  test('a selection that is deleted in batches spares what was tagged in time, and takes the rest', async () => {
    const seen = new Set<string>();
    await everySchedule('delete the untagged × tag one of them', NO_GRACE, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, { a: one, moving: two });
        await putManifest(stores.ports, path, one, 'moving');
        return { path };
      },
      parties: ({ path }) => [
        async (ports) => {
          const selection = { untagged: true };
          const going: string[] = [];
          const deletion = deleteWanted({ ...ports, pulls: new PullRecorder() }, path, { selection });
          for await (const { kind } of deletion) going.push(kind);
          await collect(ports);
          return going;
        },
        (ports) => putManifest(ports, path, two, 'kept').catch((error: Error) => error.name),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const images = await imagesIn(stores, path);
        expect(images[one.digest]).toEqual(['a', 'moving']);
        const went = (outcomes[0] as string[]).length;
        seen.add(`${went} ${String(images[two.digest])}`);
        if (went === 0) expect(images[two.digest]).toEqual(['kept']);
        if (images[two.digest]) await expectWhole(stores, path, two);
      },
    });
    expect(seen.size).toBeGreaterThan(1);
  });

  test('a deletion of one image leaves the other alone that shares its blob, while that one is deleted and pushed again', async () => {
    const [twin, other] = ['x', 'y'].map((note) => plainImage('twins', { annotations: { note } }));
    if (!twin || !other) throw new Error('No images');
    await everySchedule('delete and collect × delete of a twin and push of it', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { x: twin, y: other }) }),
      parties: ({ path }) => [
        deletesAndCollects(path, twin),
        async (ports) => {
          await deleteImages(ports, path, [{ imageDigest: other.digest }]);
          return putManifest(ports, path, other, 'y').then(
            () => 'pushed',
            (error: Error) => error.message.slice(0, 10),
          );
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const images = await imagesIn(stores, path);
        expect(images[twin.digest]).toBeUndefined();
        expect(images).toEqual(outcomes[1] === 'pushed' ? { [other.digest]: ['y'] } : {});
        if (outcomes[1] === 'pushed') await expectWhole(stores, path, other);
      },
    });
  });
});
