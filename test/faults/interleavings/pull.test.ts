import { describe, expect, test } from 'vitest';
import { BytesMissing } from '../../../src/blobs/blob-store.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { getImage } from '../../../src/registry/image/find-images.ts';
import { PullRecorder } from '../../../src/registry/image/pull-recorder.ts';
import { findBlob } from '../../../src/registry/layer/find-blobs.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { type Blob, blobOf, buildImage, tagOf } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  codeOf,
  deletesAndCollects,
  expectWhole,
  GRACE,
  NO_GRACE,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import type { Pause } from '../../support/schedules/turns.ts';

/** Longer than what a stream reads ahead. */
const layer = blobOf(Buffer.alloc(700_000, 'layer '));
const image = buildImage('pulled', { layers: [layer] });

/** Downloads the blob, slowly. Answers `gone` when the repository does not see it, or its bytes are gone. */
async function download(ports: Ports, path: RepositoryPath, wanted: Blob, pause: Pause): Promise<string> {
  const found = await findBlob(ports, path, wanted.digest);
  if (!found) return 'gone';
  try {
    const stream = await ports.blobs.open(found.storageKey);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      await pause('a chunk has come', `bytes/${found.storageKey}`);
    }
    return Buffer.concat(chunks).equals(wanted.bytes) ? 'whole' : 'truncated';
  } catch (error) {
    if (error instanceof BytesMissing) return 'gone';
    throw error;
  }
}

const pulls =
  (path: RepositoryPath) =>
  async (ports: Ports, pause: Pause): Promise<string> => {
    const reference = { kind: 'tag', tag: tagOf('latest') } as const;
    await getImage({ ...ports, pulls: new PullRecorder() }, path, reference, { counts: true });
    const blobs: string[] = [];
    for (const blob of image.blobs) blobs.push(await download(ports, path, blob, pause));
    return blobs.join();
  };

describe('In every order', () => {
  test('GC-22: a download that has begun ends with every byte, though the blob is deleted, condemned and erased', async () => {
    const seen = new Set<unknown>();
    await everySchedule('a download × delete and collect (no grace)', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { latest: image }) }),
      parties: ({ path }) => [deletesAndCollects(path, image), (ports, pause) => download(ports, path, layer, pause)],
      check: async ({ stores, outcomes }) => {
        seen.add(outcomes[1]);
        expect(await stores.bytesStored()).toBe(0);
      },
    });
    expect([...seen].sort()).toEqual(['gone', 'whole']);
  });

  test('GC-23: a pull that has its manifest gets every layer within the grace, though the image is deleted and collected', async () => {
    const seen = new Set<unknown>();
    await everySchedule('a pull × delete and collect (a grace)', GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { latest: image }) }),
      parties: ({ path }) => [deletesAndCollects(path, image), pulls(path)],
      check: async ({ outcomes }) => {
        seen.add(outcomes[1] instanceof Error ? codeOf(outcomes[1]) : outcomes[1]);
      },
    });
    expect([...seen].sort()).toEqual(['ManifestUnknown', 'whole,whole']);
  });

  test('GC-23: without a grace a pull gets every byte of what it gets, and is told of the rest', async () => {
    const seen = new Set<unknown>();
    await everySchedule('a pull × delete and collect (no grace)', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { latest: image }) }),
      parties: ({ path }) => [deletesAndCollects(path, image), pulls(path)],
      check: async ({ outcomes }) => {
        seen.add(outcomes[1] instanceof Error ? codeOf(outcomes[1]) : outcomes[1]);
      },
    });
    expect([...seen].sort()).toEqual(['ManifestUnknown', 'gone,gone', 'whole,gone', 'whole,whole']);
  });

  test('GC-09: a pull from one repository is whole, while the image of another one that shares its layer is deleted and collected', async () => {
    const other = buildImage('other', { layers: [layer] });
    await everySchedule('a pull × delete and collect in another repository', NO_GRACE, {
      prepare: async (stores) => ({
        one: await repositoryWith(stores, { other }, 'one'),
        path: await repositoryWith(stores, { latest: image }),
      }),
      parties: ({ one, path }) => [deletesAndCollects(one, other), pulls(path)],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes[1]).toBe('whole,whole');
        await expectWhole(stores, path, image);
      },
    });
  });

  test('GC-20: of a pull that is recorded and a deletion neither stands in the way of the other', async () => {
    await everySchedule('the record of a pull × delete and collect', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { latest: image }) }),
      parties: ({ path }) => [
        async (ports) => {
          const answer = await deleteImages(ports, path, [{ imageTag: 'latest' }]);
          await collect(ports);
          return answer.failures;
        },
        async (ports) => {
          const recorder = new PullRecorder();
          const reference = { kind: 'digest', digest: image.digest } as const;
          await getImage({ ...ports, pulls: recorder }, path, reference, { counts: true });
          await recorder.flush(ports);
        },
      ],
      check: async ({ outcomes }) => {
        expect(outcomes[0]).toEqual([]);
        if (outcomes[1] !== undefined) expect(codeOf(outcomes[1])).toBe('ManifestUnknown');
      },
    });
  });
});
