import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../../src/registry/deletion/restore.ts';
import { deleteBlob } from '../../../src/registry/layer/delete-blob.ts';
import { promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../../src/registry/layer/mount-blob.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { type Blob, makeRepository, pushBlob, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import { codeOf, expectWhole, imagesIn, NO_GRACE, plainImage, repositoryWith } from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const image = plainImage('contested');
const [blob] = image.blobs as [Blob];

const said = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => codeOf(error),
  );

/** Deletes the blob and collects at once. */
const deletes = (path: RepositoryPath) => async (ports: Ports) => {
  const answer = await said(deleteBlob(ports, path, blob.digest));
  await collect(ports);
  return answer;
};

const isSeen = async ({ ports }: Stores, path: RepositoryPath) =>
  (await promiseBlobs(ports, path, [blob.digest])).length > 0;

const withBlob = async (stores: Stores) => {
  const path = await makeRepository(stores.ports, 'app');
  await pushBlob(stores.ports, path, blob);
  return { path };
};

describe('In every order', () => {
  test('of the deletion of a blob and the push of an image that names it, one goes through and the other is told', async () => {
    const seen = new Set<string>();
    await everySchedule('delete a blob × put the image', NO_GRACE, {
      prepare: withBlob,
      parties: ({ path }) => [deletes(path), (ports) => said(putManifest(ports, path, image, 'v1'))],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes.join());
        const pushed = outcomes[1] === 'done';
        expect(await isSeen(stores, path)).toBe(pushed);
        expect(await imagesIn(stores, path)).toEqual(pushed ? { [image.digest]: ['v1'] } : {});
        if (pushed) await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual(['BlobReferenced,done', 'done,LayersNotFound']);
  });

  test('a push of the bytes holds whatever is deleted before, and an image can name them', async () => {
    const seen = new Set<unknown>();
    await everySchedule('delete a blob × push it again', NO_GRACE, {
      prepare: withBlob,
      parties: ({ path }) => [
        deletes(path),
        async (ports) => {
          await pushBlob(ports, path, blob);
          return said(putManifest(ports, path, image, 'v1'));
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes.join());
        if (outcomes[1] === 'done') await expectWhole(stores, path, image);
        else expect(await isSeen(stores, path)).toBe(false);
      },
    });
    expect([...seen].sort()).toEqual(['BlobReferenced,done', 'done,LayersNotFound', 'done,done']);
  });

  test('a mount from a repository that deletes the blob holds for good or says no', async () => {
    const seen = new Set<unknown>();
    await everySchedule('delete a blob × mount it', NO_GRACE, {
      prepare: async (stores) => ({
        ...(await withBlob(stores)),
        target: await makeRepository(stores.ports, 'target'),
      }),
      parties: ({ path, target }) => [
        deletes(path),
        async (ports) => {
          const mounted = await mountBlob(ports, target, path, blob.digest);
          return `${mounted} ${await said(putManifest(ports, target, image, 'v1'))}`;
        },
      ],
      check: async ({ stores, outcomes }, { path, target }) => {
        seen.add(outcomes[1]);
        expect(outcomes[0]).toBe('done');
        expect(await isSeen(stores, path)).toBe(false);
        if (outcomes[1] === 'true done') await expectWhole(stores, target, image);
      },
    });
    expect([...seen].sort()).toEqual(['false LayersNotFound', 'true done']);
  });

  test('an image that is deleted and restored has its blob, whenever that is deleted', async () => {
    const seen = new Set<unknown>();
    const undo = { retention: { grace: 0, lease: HOUR, undo: 24 * HOUR } };
    await everySchedule('delete a blob × delete and restore the image', undo, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { v1: image }) }),
      parties: ({ path }) => [
        deletes(path),
        async (ports) => {
          await deleteImages(ports, path, [{ imageDigest: image.digest }]);
          return (await restoreImages(ports, path, [{ imageDigest: image.digest }])).failures.length;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(outcomes.join());
        expect(await imagesIn(stores, path)).toEqual({ [image.digest]: ['v1'] });
        await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual(['BlobReferenced,0', 'done,0']);
  });
});
