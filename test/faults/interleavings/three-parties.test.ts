import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../../src/registry/deletion/restore.ts';
import { appendToUpload } from '../../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../../src/registry/layer/complete-upload.ts';
import { findBlob, promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../../src/registry/layer/mount-blob.ts';
import { beginUpload } from '../../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';
import { deleteRepository } from '../../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { runCheck } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import {
  blobOf,
  buildIndex,
  chunksOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
} from '../../support/images.ts';
import { someSchedules } from '../../support/schedules/every-schedule.ts';
import {
  codeOf,
  codesOf,
  deletesAndCollects,
  expectWhole,
  imagesIn,
  NO_GRACE,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const RUNS = 60;
const image = plainImage('doomed');
const blob = image.blobs[0] ?? blobOf('');
const index = buildIndex([image]);

async function asksThenPushes(ports: Ports, path: RepositoryPath, tag: string): Promise<string> {
  for (const blob of image.blobs) {
    if ((await promiseBlobs(ports, path, [blob.digest])).length === 0) await pushBlob(ports, path, blob);
  }
  await putManifest(ports, path, image, tag);
  return 'pushed';
}

const twoRepositories = async (stores: Stores) => ({
  path: await repositoryWith(stores, { old: image }),
  other: await makeRepository(stores.ports, 'other'),
});

const collects = async (ports: Ports) => {
  await collect(ports);
};

describe('In any order of three', () => {
  test('GC-01: a push after a promise succeeds beside a deletion and a collector of its own', async () => {
    await someSchedules(
      'push × delete × collect',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: twoRepositories,
        parties: ({ path }) => [
          async (ports) => codesOf(await deleteImages(ports, path, [{ imageDigest: image.digest }])),
          collects,
          (ports) => asksThenPushes(ports, path, 'new'),
        ],
        check: async ({ stores, outcomes }, { path }) => {
          expect(outcomes[2]).toBe('pushed');
          if ((await imagesIn(stores, path))[image.digest]) await expectWhole(stores, path, image);
        },
      },
    );
  });

  test('GC-05: a push is whole beside a deletion that collects and another collector', async () => {
    await someSchedules(
      'push elsewhere × delete and collect × collect',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: twoRepositories,
        parties: ({ path, other }) => [
          deletesAndCollects(path, image),
          collects,
          (ports) => pushImage(ports, other, image, 'new'),
        ],
        check: async ({ stores, outcomes }, { other }) => {
          expect(outcomes).toEqual([['deleted old'], undefined, undefined]);
          await expectWhole(stores, other, image);
        },
      },
    );
  });

  test('GC-07: a mount holds for good or says no, beside a deletion that collects and a push to the source', async () => {
    await someSchedules(
      'mount × delete and collect × push to the source',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: twoRepositories,
        parties: ({ path, other }) => [
          deletesAndCollects(path, image),
          (ports) => asksThenPushes(ports, path, 'new'),
          async (ports) => {
            for (const blob of image.blobs) {
              if (!(await mountBlob(ports, other, path, blob.digest))) await pushBlob(ports, other, blob);
            }
            await putManifest(ports, other, image, 'mounted');
            return 'pushed';
          },
        ],
        check: async ({ stores, outcomes }, { path, other }) => {
          expect(outcomes.slice(1)).toEqual(['pushed', 'pushed']);
          await expectWhole(stores, other, image);
          if ((await imagesIn(stores, path))[image.digest]) await expectWhole(stores, path, image);
        },
      },
    );
  });

  test('GC-11: an index is whole or refused, beside two deletions of what it lists', async () => {
    await someSchedules(
      'push of an index × delete of its child × delete by tag and collect',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: twoRepositories,
        parties: ({ path }) => [
          deletesAndCollects(path, image),
          async (ports) => codesOf(await deleteImages(ports, path, [{ imageTag: 'old' }])),
          (ports) => putManifest(ports, path, index, 'index'),
        ],
        check: async ({ stores, outcomes }, { path }) => {
          const pushed = codeOf(outcomes[2]) === 'done';
          expect((outcomes.slice(0, 2) as string[][]).flat().filter((code) => code === 'deleted old')).toHaveLength(
            pushed ? 0 : 1,
          );
          if (pushed) await expectWhole(stores, path, index);
          else expect(await imagesIn(stores, path)).toEqual({});
        },
      },
    );
  });

  test('GC-19: images, a repository and its successor do not get mixed up, whoever deletes what', async () => {
    await someSchedules(
      'delete × DeleteRepository, CreateRepository × push and collect',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: twoRepositories,
        parties: ({ path }) => [
          async (ports) => codesOf(await deleteImages(ports, path, [{ imageTag: 'old' }])),
          async (ports) => {
            await deleteRepository(ports, path, { force: true });
            await createRepository(ports, path, DEFAULT_SETTINGS);
          },
          async (ports) => {
            const pushed = await pushImage(ports, path, image, 'new').then(() => 'pushed', codeOf);
            await collect(ports);
            return pushed;
          },
        ],
        check: async ({ stores, outcomes }, { path }) => {
          expect(outcomes[1]).toBeUndefined();
          expect(['pushed', 'RepositoryNotFound', 'UploadNotFound', 'LayersNotFound']).toContain(outcomes[2]);
          const images = await imagesIn(stores, path);
          expect([{}, { [image.digest]: ['new'] }]).toContainEqual(images);
          if (images[image.digest]) {
            expect(outcomes[2]).toBe('pushed');
            await expectWhole(stores, path, image);
          }
        },
      },
    );
  });

  test('GC-26: an upload that is appended to, completed and ended at once is one blob or none', async () => {
    await someSchedules(
      'append × complete × expiry and collect',
      { ...NO_GRACE, runs: RUNS },
      {
        prepare: async (stores) => {
          const path = await makeRepository(stores.ports, 'app');
          return { path, upload: { ...path, uploadId: await beginUpload(stores.ports, path) } };
        },
        parties: ({ upload }, clock) => [
          (ports) => {
            const { bytes } = blob;
            return appendToUpload(ports, upload, { bytes: chunksOf(bytes), first: 0, length: bytes.byteLength });
          },
          (ports) => completeUpload(ports, upload, blob.digest),
          async (ports, pause) => {
            await pause('the hour strikes');
            clock.advance(24 * HOUR);
            await collect(ports);
          },
        ],
        check: async ({ stores, outcomes }, { path }) => {
          const codes = outcomes.map((outcome) => (outcome instanceof Error ? codeOf(outcome) : 'done'));
          for (const code of codes) expect(['done', 'UploadNotFound', 'UploadBusy', 'InvalidLayer']).toContain(code);
          const found = await findBlob(stores.ports, path, blob.digest);
          // Once the hour has struck the lease is over, too; the collector may have come after it.
          if (found) expect(codes.slice(0, 2)).toEqual(['done', 'done']);
        },
      },
    );
  });

  test('a restoration is whole or refused, beside the end of its window and a push of the same image', async () => {
    const retention = { grace: 0, lease: HOUR, undo: HOUR };
    await someSchedules(
      'restore × the end of the window and collect × push',
      { retention, runs: RUNS },
      {
        prepare: async (stores) => {
          const paths = await twoRepositories(stores);
          await deleteImages(stores.ports, paths.path, [{ imageTag: 'old' }]);
          return paths;
        },
        parties: ({ path }, clock) => [
          (ports) => restoreImages(ports, path, [{ imageTag: 'old' }]),
          async (ports, pause) => {
            await pause('the window closes');
            clock.advance(HOUR);
            await collect(ports);
          },
          (ports) => asksThenPushes(ports, path, 'new').catch(codeOf),
        ],
        check: async ({ stores, outcomes }, { path }) => {
          // The window is as long as a lease: a push that spans it may be told that its blobs are gone.
          expect(['pushed', 'LayersNotFound']).toContain(outcomes[2]);
          const { restored } = outcomes[0] as Awaited<ReturnType<typeof restoreImages>>;
          const tags = (await imagesIn(stores, path))[image.digest] ?? [];
          expect(tags.includes('old')).toBe(restored.length > 0);
          expect(tags.includes('new')).toBe(outcomes[2] === 'pushed');
          if (tags.length > 0) await expectWhole(stores, path, image);
        },
      },
    );
  });

  test('a reconciliation finds nothing beside a push and a deletion that collects', async () => {
    await someSchedules(
      'reconcile × push × delete and collect',
      { ...NO_GRACE, runs: RUNS / 2 },
      {
        prepare: twoRepositories,
        parties: ({ path, other }) => [
          async (ports) => (await runCheck(ports, { deep: true, repair: true, strayAge: -Infinity })).findings,
          (ports) => asksThenPushes(ports, other, 'new'),
          deletesAndCollects(path, image),
        ],
        check: async ({ stores, outcomes }, { other }) => {
          expect(outcomes).toEqual([[], 'pushed', ['deleted old']]);
          await expectWhole(stores, other, image);
        },
      },
    );
  });
});
