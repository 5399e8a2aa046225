import { describe, expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { deleteBlob } from '../../../src/registry/layer/delete-blob.ts';
import { collect } from '../../support/collect.ts';
import { buildIndex, makeRepository, pushBlob, pushImage, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import { codeOf, expectWhole, imagesIn, NO_GRACE, plainImage } from '../../support/schedules/scenes.ts';

const image = plainImage('sparse');
const index = buildIndex([image]);

describe('In every order', () => {
  test('an image that is taken without its blob has it, whichever comes first', async () => {
    await everySchedule('put the image without its blob × push the blob and collect', NO_GRACE, {
      prepare: async (stores) => ({ path: await makeRepository(stores.ports, 'app') }),
      parties: ({ path }) => [
        (ports) => putManifest(ports, path, image, 'v1', 'accept'),
        async (ports) => {
          for (const blob of image.blobs) await pushBlob(ports, path, blob);
          await collect(ports);
        },
      ],
      check: async ({ stores }, { path }) => {
        stores.clock.advance(3 * 3_600_000);
        await collect(stores.ports);
        await expectWhole(stores, path, image);
      },
    });
  });

  test('an image is taken with its blob or without, while that is deleted, and what it has stays', async () => {
    const seen = new Set<string>();
    await everySchedule('put the image without its blob × delete the blob and collect', NO_GRACE, {
      prepare: async (stores) => {
        const path = await makeRepository(stores.ports, 'app');
        for (const blob of image.blobs) await pushBlob(stores.ports, path, blob);
        return { path };
      },
      parties: ({ path }) => [
        (ports) => putManifest(ports, path, image, 'v1', 'accept'),
        async (ports) => {
          const [blob] = image.blobs;
          const said = await deleteBlob(ports, path, String(blob?.digest)).then(() => 'done', codeOf);
          await collect(ports);
          return said;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[1]));
        if (outcomes[1] === 'done') for (const blob of image.blobs) await pushBlob(stores.ports, path, blob);
        stores.clock.advance(3 * 3_600_000);
        await collect(stores.ports);
        await expectWhole(stores, path, image);
      },
    });
    expect([...seen].sort()).toEqual(['BlobReferenced', 'done']);
  });

  test('an index that is taken without its image keeps it, or finds it deleted', async () => {
    const seen = new Set<string>();
    await everySchedule('put the index without its image × push the image and delete it', NO_GRACE, {
      prepare: async (stores) => ({ path: await makeRepository(stores.ports, 'app') }),
      parties: ({ path }) => [
        (ports) => putManifest(ports, path, index, 'all', 'accept'),
        async (ports) => {
          await pushImage(ports, path, image);
          const { failures } = await deleteImages(ports, path, [{ imageDigest: image.digest }]);
          return failures.length;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[1]));
        const images = await imagesIn(stores, path);
        expect(Object.keys(images).includes(image.digest)).toBe(outcomes[1] === 1);
        await pushImage(stores.ports, path, image);
        await expectWhole(stores, path, index);
        expect((await deleteImages(stores.ports, path, [{ imageDigest: image.digest }])).failures).toHaveLength(1);
      },
    });
    expect([...seen].sort()).toEqual(['0', '1']);
  });
});
