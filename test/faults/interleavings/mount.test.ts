import { describe, expect, test } from 'vitest';
import { condemn } from '../../../src/registry/collection/condemn.ts';
import { purge } from '../../../src/registry/collection/purge.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { mountBlob } from '../../../src/registry/layer/mount-blob.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, buildImage, makeRepository, pushBlob, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  deletesAndCollects,
  expectWhole,
  GRACE,
  imagesIn,
  NO_GRACE,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import type { Stores } from '../../support/stores.ts';

const image = plainImage('doomed');

/** Mounts what it can, uploads the rest, and puts the manifest, which must succeed. Answers how many blobs were mounted. */
async function mountsThenPushes(ports: Ports, source: RepositoryPath, target: RepositoryPath): Promise<number> {
  let mounted = 0;
  for (const blob of image.blobs) {
    if (await mountBlob(ports, target, source, blob.digest)) mounted++;
    else await pushBlob(ports, target, blob);
  }
  await putManifest(ports, target, image, 'new');
  return mounted;
}

const sourceAndTarget = async (stores: Stores) => ({
  source: await repositoryWith(stores, { old: image }),
  target: await makeRepository(stores.ports, 'target'),
});

describe.each([
  ['no grace', NO_GRACE],
  ['a grace', GRACE],
])('With %s, in every order', (which, retention) => {
  test('GC-07: a mount holds for good or says no, while the last image in the source is deleted and collected', async () => {
    const answers = new Set<unknown>();
    await everySchedule(`mount × delete and collect (${which})`, retention, {
      prepare: sourceAndTarget,
      parties: ({ source, target }) => [
        deletesAndCollects(source, image),
        (ports) => mountsThenPushes(ports, source, target),
      ],
      check: async ({ stores, outcomes }, { target }) => {
        answers.add(outcomes[1]);
        expect(await imagesIn(stores, target)).toEqual({ [image.digest]: ['new'] });
        await expectWhole(stores, target, image);
      },
    });
    expect([...answers].sort()).toEqual(retention === NO_GRACE ? [0, 1] : [1]);
  });
});

describe('In every order', () => {
  test('GC-08: a mount from a repository whose blob is being condemned and erased holds for good or says no', async () => {
    const answers = new Set<unknown>();
    await everySchedule('mount × condemn and erase', NO_GRACE, {
      prepare: async (stores) => {
        const paths = await sourceAndTarget(stores);
        await deleteImages(stores.ports, paths.source, [{ imageDigest: image.digest }]);
        await purge(stores.ports);
        return paths;
      },
      parties: ({ source, target }) => [
        async (ports) => (await collect(ports)).condemnedBlobs,
        (ports) => mountsThenPushes(ports, source, target),
      ],
      check: async ({ stores, outcomes }, { target }) => {
        answers.add(outcomes[1]);
        await expectWhole(stores, target, image);
      },
    });
    expect([...answers].sort()).toEqual([0, 1]);
  });

  test('GC-08: a mount says no when the source’s blob is condemned already, and the upload that follows outlives the erasure', async () => {
    await everySchedule('mount and upload × erase', NO_GRACE, {
      prepare: async (stores) => {
        const paths = await sourceAndTarget(stores);
        await deleteImages(stores.ports, paths.source, [{ imageDigest: image.digest }]);
        await purge(stores.ports);
        expect((await condemn(stores.ports)).blobs).toBe(1);
        return paths;
      },
      parties: ({ source, target }) => [
        async (ports) => (await collect(ports)).erasedKeys,
        (ports) => mountsThenPushes(ports, source, target),
      ],
      check: async ({ stores, outcomes }, { target }) => {
        expect(outcomes).toEqual([1, 0]);
        await expectWhole(stores, target, image);
      },
    });
  });

  test('a layer can be mounted back into the repository that lets go of it, for good or not at all', async () => {
    const layer = blobOf('shared');
    const [mine, theirs, again] = ['mine', 'theirs', 'again'].map((name) => buildImage(name, { layers: [layer] }));
    if (!mine || !theirs || !again) throw new Error('No images');
    await everySchedule('delete and collect in one × delete in the other and mount back', NO_GRACE, {
      prepare: async (stores) => ({
        one: await repositoryWith(stores, { old: mine }, 'one'),
        other: await repositoryWith(stores, { old: theirs }, 'other'),
      }),
      parties: ({ one, other }) => [
        deletesAndCollects(one, mine),
        async (ports) => {
          await deleteImages(ports, other, [{ imageTag: 'old' }]);
          return mountBlob(ports, one, other, layer.digest);
        },
      ],
      check: async ({ stores, outcomes }, { one, other }) => {
        expect(await imagesIn(stores, one)).toEqual({});
        expect(await imagesIn(stores, other)).toEqual({});
        if (outcomes[1] !== true) return;
        for (const blob of again.blobs) if (blob.digest !== layer.digest) await pushBlob(stores.ports, one, blob);
        await putManifest(stores.ports, one, again, 'again');
        await expectWhole(stores, one, again);
      },
    });
  });
});
