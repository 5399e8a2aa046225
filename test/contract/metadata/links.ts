import { describe, expect } from 'vitest';
import type { MetadataTransaction } from '../../../src/metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../../src/metadata/repositories.ts';
import type { Usage } from '../../../src/metadata/usage.ts';
import {
  deleteImages,
  insertBlob,
  insertImage,
  insertRepository,
  metadataTest,
  NOW,
  type OpenMetadata,
  purgeImages,
  REGISTRY,
} from './fixture.ts';

const UNDO = { purgeAt: NOW + 100 };
const NOTHING: Usage = { images: 0, logicalBytes: 0, liveBytes: 0, heldBytes: 0, idleBytes: 0 };

/** What is counted for a repository and its registry, without zeros. */
async function usageOf(
  tx: MetadataTransaction,
  { id, registryKey }: Repository,
): Promise<[Partial<Usage>, Partial<Usage>]> {
  const trim = (usage: Usage): Partial<Usage> =>
    Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== 0));
  return [trim(await tx.usage.find('repository', id)), trim(await tx.usage.find('registry', registryKey))];
}

const both = <T>(usage: T): [T, T] => [usage, usage];
const idleIn = async (tx: MetadataTransaction, now: number, limit = 9) =>
  (await tx.links.takeIdle(now, limit)).map((link) => [link.repositoryId, link.blobId]);

export function linksContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a link to a blob`, () => {
    metadataTest('is kept until the latest date it was given, in each repository its own', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        const blob = await insertBlob(tx, 'x');
        const keptUntil = async ({ id }: Repository) => (await tx.blobs.find(id, blob.digest))?.keepUntil;
        await tx.links.put(scopeOf(app), blob, 20);
        await tx.links.put(scopeOf(other), blob, 5);
        await tx.links.put(scopeOf(app), blob, 10);
        expect(await keptUntil(app)).toBe(20);
        await tx.links.put(scopeOf(app), blob, 30);
        expect([await keptUntil(app), await keptUntil(other)]).toEqual([30, 5]);
        await tx.links.keep(app.id, [blob.id, 999], 40);
        await tx.links.keep(app.id, [blob.id], 35);
        await tx.links.keep(app.id, [], 99);
        expect([await keptUntil(app), await keptUntil(other)]).toEqual([40, 5]);
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await deleteImages(tx, app, [image], { keepUntil: 39 });
        expect(await keptUntil(app)).toBe(40);
        const again = await insertImage(tx, app, 'sha256:b', { blobs: [blob] });
        await deleteImages(tx, app, [again], { keepUntil: 60 });
        expect([await keptUntil(app), await keptUntil(other)]).toEqual([60, 5]);
      });
    });

    metadataTest('goes from idle to live, held and idle again, and its bytes with it', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'seven b');
        expect(await usageOf(tx, app)).toEqual(both({}));
        expect(await tx.usage.find('repository', 999)).toEqual(NOTHING);
        await tx.links.put(scopeOf(app), blob, 0);
        await tx.links.put(scopeOf(app), blob, 1);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        expect(await usageOf(tx, app)).toEqual(both({ images: 1, logicalBytes: 7, liveBytes: 7 }));
        await tx.links.put(scopeOf(app), blob, 2);
        expect(await usageOf(tx, app)).toEqual(both({ images: 1, logicalBytes: 7, liveBytes: 7 }));
        await deleteImages(tx, app, [image], UNDO);
        expect(await usageOf(tx, app)).toEqual(both({ heldBytes: 7 }));
        expect(await idleIn(tx, NOW + 999)).toEqual([]);
        await purgeImages(tx, NOW + 100);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
        expect(await idleIn(tx, NOW)).toEqual([[app.id, blob.id]]);
        await tx.links.remove(scopeOf(app), [blob.id]);
        expect(await usageOf(tx, app)).toEqual(both({}));
      });
    });

    metadataTest('goes from held back to live when the image is restored', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'seven b');
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await deleteImages(tx, app, [image], UNDO);
        const grave = await tx.graveyard.find(app.id, image.digest, NOW);
        if (!grave) throw new Error('The image is not in the graveyard');
        await tx.graveyard.restore(scopeOf(app), [grave]);
        expect(await usageOf(tx, app)).toEqual(both({ images: 1, logicalBytes: 7, liveBytes: 7 }));
        await deleteImages(tx, app, [image]);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
      });
    });

    metadataTest('stays live, or held, as long as one of several images needs it', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const [shared, own] = [await insertBlob(tx, 'seven b'), await insertBlob(tx, 'xx')];
        const images = [
          await insertImage(tx, app, 'sha256:a', { blobs: [shared] }),
          await insertImage(tx, app, 'sha256:b', { blobs: [shared, own] }),
          await insertImage(tx, app, 'sha256:c', { blobs: [shared] }),
        ];
        expect(await usageOf(tx, app)).toEqual(both({ images: 3, logicalBytes: 23, liveBytes: 9 }));
        const briefly = await insertImage(tx, app, 'sha256:d', { blobs: [shared] });
        await deleteImages(tx, app, [briefly], { purgeAt: NOW + 50 });
        await deleteImages(tx, app, images.slice(0, 1), UNDO);
        expect(await usageOf(tx, app)).toEqual(both({ images: 2, logicalBytes: 16, liveBytes: 9 }));
        await deleteImages(tx, app, images.slice(1, 3));
        expect(await usageOf(tx, app)).toEqual(both({ heldBytes: 7, idleBytes: 2 }));
        await purgeImages(tx, NOW);
        expect(await usageOf(tx, app)).toEqual(both({ heldBytes: 7, idleBytes: 2 }));
        expect(await purgeImages(tx, NOW + 50)).toEqual([briefly.id]);
        expect(await usageOf(tx, app)).toEqual(both({ heldBytes: 7, idleBytes: 2 }));
        await purgeImages(tx, NOW + 100);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 9 }));
      });
    });

    metadataTest('is not seen while it is hidden, and counts all the same', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'seven b');
        const seen = async () => (await tx.blobs.findAll(app.id, [blob.digest])).map(({ keepUntil }) => keepUntil);
        await tx.links.put(scopeOf(app), blob, 90);
        await tx.links.hide(app.id, blob.id, 10);
        expect(await seen()).toEqual([]);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
        expect(await idleIn(tx, 9)).toEqual([]);
        expect(await idleIn(tx, 10)).toEqual([[app.id, blob.id]]);
        await tx.links.keep(app.id, [blob.id], 20);
        expect(await seen()).toEqual([]);
        await tx.links.put(scopeOf(app), blob, 30);
        expect(await seen()).toEqual([30]);

        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await deleteImages(tx, app, [image], UNDO);
        await tx.links.hide(app.id, blob.id, 40);
        expect(await seen()).toEqual([]);
        expect(await usageOf(tx, app)).toEqual(both({ heldBytes: 7 }));
        expect(await idleIn(tx, NOW + 999)).toEqual([]);
        const grave = await tx.graveyard.find(app.id, image.digest, NOW);
        await tx.graveyard.restore(scopeOf(app), grave ? [grave] : []);
        expect(await seen()).toEqual([40]);
        expect(await usageOf(tx, app)).toEqual(both({ images: 1, logicalBytes: 7, liveBytes: 7 }));
      });
    });

    metadataTest('cannot be hidden while a live image names the blob', open, async (metadata) => {
      const hidden = metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'x');
        await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await tx.links.hide(app.id, blob.id, 0);
      });
      await expect(hidden).rejects.toThrow();
    });

    metadataTest('counts once in its registry, by the repository that needs the blob most', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        const blob = await insertBlob(tx, 'seven b');
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await tx.links.put(scopeOf(other), blob, 0);
        const live = { images: 1, logicalBytes: 7, liveBytes: 7 };
        expect(await usageOf(tx, other)).toEqual([{ idleBytes: 7 }, live]);
        expect(await usageOf(tx, app)).toEqual([live, live]);

        const second = await insertImage(tx, other, 'sha256:b', { blobs: [blob] });
        expect(await usageOf(tx, other)).toEqual([live, { images: 2, logicalBytes: 14, liveBytes: 7 }]);
        await deleteImages(tx, app, [image], UNDO);
        expect(await usageOf(tx, app)).toEqual([{ heldBytes: 7 }, live]);
        await deleteImages(tx, other, [second]);
        expect(await usageOf(tx, other)).toEqual([{ idleBytes: 7 }, { heldBytes: 7 }]);
        await purgeImages(tx, NOW + 100);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
        await tx.links.remove(scopeOf(app), [blob.id]);
        expect(await usageOf(tx, app)).toEqual([{}, { idleBytes: 7 }]);
        await tx.links.remove(scopeOf(other), [blob.id]);
        expect(await usageOf(tx, app)).toEqual(both({}));
      });
    });

    metadataTest('is of no account to another registry', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const elsewhere = await insertRepository(tx, 'app', { ...REGISTRY, region: 'eu-west-1' });
        const blob = await insertBlob(tx, 'seven b');
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
        await tx.links.put(scopeOf(elsewhere), blob, 0);
        expect(await usageOf(tx, elsewhere)).toEqual(both({ idleBytes: 7 }));
        await deleteImages(tx, app, [image]);
        expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 7 }));
        await tx.links.remove(scopeOf(elsewhere), [blob.id]);
        expect([await usageOf(tx, elsewhere), await usageOf(tx, app)]).toEqual([both({}), both({ idleBytes: 7 })]);
      });
    });

    metadataTest(
      'is idle when nothing needs it and its time is over, those waiting longest first',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
          const [a, b, used] = [await insertBlob(tx, 'a'), await insertBlob(tx, 'b'), await insertBlob(tx, 'used')];
          await tx.links.put(scopeOf(app), a, 30);
          await tx.links.put(scopeOf(other), a, 10);
          await tx.links.put(scopeOf(app), b, 20);
          await insertImage(tx, app, 'sha256:a', { blobs: [used] });
          expect(await idleIn(tx, 9)).toEqual([]);
          expect(await idleIn(tx, 29)).toEqual([
            [other.id, a.id],
            [app.id, b.id],
          ]);
          expect(await tx.links.takeIdle(30, 1)).toEqual([{ ...scopeOf(other), blobId: a.id }]);
          expect(await idleIn(tx, NOW)).toHaveLength(3);
        });
      },
    );

    metadataTest(
      'is not idle while a manifest that was deleted is not purged, whatever is counted',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const blob = await insertBlob(tx, 'x');
          const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
          await deleteImages(tx, app, [image]);
          expect(await usageOf(tx, app)).toEqual(both({ idleBytes: 1 }));
          expect(await idleIn(tx, NOW)).toEqual([]);
          await purgeImages(tx);
          expect(await idleIn(tx, NOW)).toEqual([[app.id, blob.id]]);
        });
      },
    );
  });
}
