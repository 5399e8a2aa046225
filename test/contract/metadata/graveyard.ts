import { describe, expect } from 'vitest';
import type { DeletedImage } from '../../../src/metadata/graveyard-reader.ts';
import type { MetadataTransaction } from '../../../src/metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../../src/metadata/repositories.ts';
import { manifestsIn } from './find-image.ts';
import {
  deleteImages,
  insertBlob,
  insertImage,
  insertRepository,
  metadataTest,
  NOW,
  type OpenMetadata,
  purgeImages,
  putTags,
  tagsOf,
} from './fixture.ts';

/** A deletion at `NOW + after`, with an undo window that ends 100 later. */
const undoable = (after = 0) => ({ at: NOW + after, purgeAt: NOW + after + 100 });

async function graveOf(tx: MetadataTransaction, { id }: Repository, digest: string): Promise<DeletedImage> {
  const grave = await tx.graveyard.find(id, digest, NOW);
  if (!grave) throw new Error(`${digest} is not in the graveyard`);
  return grave;
}

const digestsOf = (images: readonly { readonly digest: string }[]) => images.map((image) => image.digest);

export function graveyardContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a deleted image`, () => {
    metadataTest('is found by its digest until its window ends', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        const image = await insertImage(tx, app, 'sha256:a');
        expect(await tx.graveyard.find(app.id, 'sha256:a', NOW)).toBeUndefined();
        await deleteImages(tx, app, [image], undoable());
        const grave = { ...image, deletedAt: NOW, purgeAt: NOW + 100 };
        expect(await tx.graveyard.find(app.id, 'sha256:a', NOW + 99)).toEqual(grave);
        expect(await tx.graveyard.find(app.id, 'sha256:a', NOW + 100)).toBeUndefined();
        expect(await tx.graveyard.find(other.id, 'sha256:a', NOW)).toBeUndefined();
        expect(await tx.graveyard.findAll([image.id, 999], NOW + 99)).toEqual([grave]);
        expect(await tx.graveyard.findAll([image.id], NOW + 100)).toEqual([]);
        await deleteImages(tx, app, [await insertImage(tx, app, 'sha256:b')]);
        expect(await tx.graveyard.find(app.id, 'sha256:b', NOW)).toBeUndefined();
      });
    });

    metadataTest('is listed in order of digest, page by page, as it was deleted last', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        for (const digest of ['c', 'a', 'b'])
          await deleteImages(tx, app, [await insertImage(tx, app, digest)], undoable());
        const again = await insertImage(tx, app, 'b');
        await deleteImages(tx, app, [again], undoable(7));
        await deleteImages(tx, app, [await insertImage(tx, app, 'for good')]);
        await deleteImages(tx, other, [await insertImage(tx, other, 'aa')], undoable());
        const list = (after: string, limit: number, now = NOW) => tx.graveyard.list(app.id, { now, after, limit });
        expect(digestsOf(await list('', 2))).toEqual(['a', 'b']);
        expect(digestsOf(await list('b', 9))).toEqual(['c']);
        expect(await list('', 9, NOW + 100)).toEqual([{ ...again, deletedAt: NOW + 7, purgeAt: NOW + 107 }]);
        expect(await tx.graveyard.find(app.id, 'b', NOW)).toEqual({ ...again, deletedAt: NOW + 7, purgeAt: NOW + 107 });
        expect(digestsOf(await tx.graveyard.listDeletedAt(app.id, NOW, '', 9))).toEqual(['a', 'b', 'c']);
        expect(digestsOf(await tx.graveyard.listDeletedAt(app.id, NOW + 7, '', 9))).toEqual(['b']);
        expect(digestsOf(await tx.graveyard.listDeletedAt(app.id, NOW, 'a', 1))).toEqual(['b']);
      });
    });

    metadataTest('is live again as it was when it is restored, but for its tags', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'layer');
        const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob], subjectDigest: 'sha256:s', pushedAt: 3 });
        const index = await insertImage(tx, app, 'sha256:i', { childIds: [image.id] });
        await putTags(tx, app, image, 'v1');
        await tx.images.recordPulls([image.id], NOW + 5);
        const before = await tx.images.findAll(app.id, [image.digest]);
        const page = { artifactTypes: [], after: '', limit: 9 };
        const referrers = await tx.images.listReferrers(app.id, 'sha256:s', page);
        await deleteImages(tx, app, [index, image], undoable());
        expect(await tx.images.listReferrers(app.id, 'sha256:s', page)).toEqual([]);
        expect(await tx.graveyard.childrenOf([index.id, 999])).toEqual([image.id]);

        await tx.graveyard.restore(scopeOf(app), [
          await graveOf(tx, app, 'sha256:a'),
          await graveOf(tx, app, 'sha256:i'),
        ]);
        await tx.graveyard.restore(scopeOf(app), []);
        expect(await tx.images.findAll(app.id, [image.digest])).toEqual(before.map((one) => ({ ...one, tags: [] })));
        expect(await tx.images.listReferrers(app.id, 'sha256:s', page)).toEqual(referrers);
        expect(digestsOf(await tx.images.list(app.id, { tagged: false, after: undefined, limit: 9 }))).toEqual([
          'sha256:i',
          'sha256:a',
        ]);
        expect(await tx.images.parentsOf([image.id])).toEqual(new Map([[image.id, ['sha256:i']]]));
        expect(await tx.graveyard.list(app.id, { now: NOW, after: '', limit: 9 })).toEqual([]);
        expect(await purgeImages(tx, NOW + 999)).toEqual([]);
      });
    });

    metadataTest('is not restored where its digest is live again: the database refuses', open, async (metadata) => {
      const app = await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        await deleteImages(tx, repository, [await insertImage(tx, repository, 'sha256:a')], undoable());
        await insertImage(tx, repository, 'sha256:a');
        return repository;
      });
      const restore = metadata.write(async (tx) => {
        await tx.graveyard.restore(scopeOf(app), [await graveOf(tx, app, 'sha256:a')]);
      });
      await expect(restore).rejects.toThrow();
    });

    metadataTest(
      'is due when its window ends, the oldest first; what an index lists, after the index',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const child = await insertImage(tx, app, 'sha256:child');
          const index = await insertImage(tx, app, 'sha256:index', { childIds: [child.id] });
          const early = await insertImage(tx, app, 'sha256:early');
          await deleteImages(tx, app, [index], undoable(20));
          await deleteImages(tx, app, [early], undoable(10));
          // The window was made shorter meanwhile.
          await deleteImages(tx, app, [child], { at: NOW + 30, purgeAt: NOW + 31 });
          const due = async (now: number, limit = 9) =>
            (await tx.graveyard.takePurgeable(now, limit)).map((image) => image.id);
          expect(await due(NOW + 109)).toEqual([]);
          expect(await due(NOW + 120)).toEqual([early.id, index.id]);
          expect(await due(NOW + 120, 1)).toEqual([early.id]);
          expect(await tx.graveyard.takePurgeable(NOW + 110, 9)).toEqual([
            { ...scopeOf(app), id: early.id, held: true },
          ]);
          expect(await purgeImages(tx, NOW + 120)).toEqual([early.id, index.id]);
          expect(await purgeImages(tx, NOW + 120)).toEqual([child.id]);
          expect(await purgeImages(tx, NOW + 999)).toEqual([]);
          expect(await manifestsIn(tx)).toEqual(new Map());
        });
      },
    );

    metadataTest('is not what an index lists any more, when the live one takes its place', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const child = await insertImage(tx, app, 'sha256:child');
        const index = await insertImage(tx, app, 'sha256:index', { childIds: [child.id] });
        await deleteImages(tx, app, [index, child], undoable());
        const again = await insertImage(tx, app, 'sha256:child');
        await tx.graveyard.listInstead(child.id, again.id);
        await tx.graveyard.restore(scopeOf(app), [await graveOf(tx, app, 'sha256:index')]);
        expect(await tx.images.parentsOf([child.id, again.id])).toEqual(new Map([[again.id, ['sha256:index']]]));
        expect(await purgeImages(tx, NOW + 100)).toEqual([child.id]);
      });
    });
  });

  describe(`${name}: a deleted tag`, () => {
    metadataTest('is kept when it is asked for, in the order it is named', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        const [image, stays] = [await insertImage(tx, app, 'sha256:a'), await insertImage(tx, app, 'sha256:b')];
        await putTags(tx, app, image, 'z', 'y', 'x');
        await putTags(tx, app, stays, 'v1', 'v2');
        await putTags(tx, other, await insertImage(tx, other, 'sha256:a'), 'z', 'v1');
        await tx.graveyard.keepTags(app.id, ['v1', 'unknown', 'z', 'y', 'x'], undoable());
        await tx.graveyard.keepTags(app.id, [], undoable());
        await tx.tags.delete(app.id, ['v1']);
        await deleteImages(tx, app, [image], undoable());

        const tags = (await tx.graveyard.tagsOf([await graveOf(tx, app, 'sha256:a')])).get(image.id);
        expect(tags?.map((tag) => tag.name)).toEqual(['z', 'y', 'x']);
        const alone = await tx.graveyard.listTags(app.id, { now: NOW, after: '', limit: 9 });
        expect(alone).toMatchObject([{ name: 'v1', digest: 'sha256:b', manifestId: stays.id, deletedAt: NOW }]);
        expect(await tx.graveyard.listTags(app.id, { now: NOW, after: 'v1', limit: 9 })).toEqual([]);
        expect(await tx.graveyard.listTags(app.id, { now: NOW + 100, after: '', limit: 9 })).toEqual([]);
        expect(await tx.graveyard.listTags(other.id, { now: NOW, after: '', limit: 9 })).toEqual([]);
        expect((await tx.graveyard.findTag(app.id, 'y', NOW + 99))?.manifestId).toBe(image.id);
        expect(await tx.graveyard.findTag(app.id, 'y', NOW + 100)).toBeUndefined();
        expect(await tx.graveyard.findTag(other.id, 'z', NOW)).toBeUndefined();
        expect(await tagsOf(tx, app)).toEqual(['v2']);
      });
    });

    metadataTest('of a name that was deleted more than once is the last one', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const image = await insertImage(tx, app, 'sha256:a');
        for (const after of [0, 5]) {
          await putTags(tx, app, image, 'stays', 'v1');
          await tx.graveyard.keepTags(app.id, ['v1'], undoable(after));
          await tx.tags.delete(app.id, ['v1']);
        }
        expect((await tx.graveyard.findTag(app.id, 'v1', NOW))?.deletedAt).toBe(NOW + 5);
        const listed = await tx.graveyard.listTags(app.id, { now: NOW, after: '', limit: 9 });
        expect(listed.map((tag) => tag.deletedAt)).toEqual([NOW + 5]);
        await tx.graveyard.forgetTags(listed.map((tag) => tag.id));
        expect((await tx.graveyard.findTag(app.id, 'v1', NOW))?.deletedAt).toBe(NOW);
      });
    });

    metadataTest('is forgotten when its time is over, so many at a time, or with its image', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const [gone, stays] = [await insertImage(tx, app, 'sha256:a'), await insertImage(tx, app, 'sha256:b')];
        await putTags(tx, app, gone, 'g');
        await putTags(tx, app, stays, 'a', 'b', 'c', 'd');
        await tx.graveyard.keepTags(app.id, ['a', 'b', 'c'], undoable());
        await tx.graveyard.keepTags(app.id, ['g'], undoable(50));
        await deleteImages(tx, app, [gone], undoable());
        expect(await tx.graveyard.purgeTags(NOW + 99, 9)).toBe(0);
        expect(await tx.graveyard.purgeTags(NOW + 100, 2)).toBe(2);
        expect(await tx.graveyard.purgeTags(NOW + 100, 2)).toBe(1);
        expect(await tx.graveyard.findTag(app.id, 'g', NOW)).toBeDefined();
        await purgeImages(tx, NOW + 100);
        expect(await tx.graveyard.findTag(app.id, 'g', NOW)).toBeUndefined();
        expect(await tagsOf(tx, app)).toEqual(['a', 'b', 'c', 'd']);
      });
    });
  });

  describe(`${name}: the subject of a referrer`, () => {
    metadataTest('is noted only when a live image of the repository refers to it', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
        await insertImage(tx, app, 'sha256:r1', { subjectDigest: 'sha256:a' });
        const gone = await insertImage(tx, app, 'sha256:r2', { subjectDigest: 'sha256:b' });
        await insertImage(tx, other, 'sha256:r3', { subjectDigest: 'sha256:c' });
        await deleteImages(tx, app, [gone], undoable());
        await tx.orphans.note(app.id, ['sha256:a', 'sha256:b', 'sha256:c', 'sha256:d'], 50);
        await tx.orphans.note(app.id, [], 50);
        expect(await tx.orphans.takeDue(50, 9)).toEqual([{ repositoryId: app.id, digest: 'sha256:a' }]);
      });
    });

    metadataTest(
      'is due at the date it was given last, the oldest first, until it is forgotten',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const [app, other] = [await insertRepository(tx, 'app'), await insertRepository(tx, 'other')];
          for (const repository of [app, other]) {
            for (const subjectDigest of ['a', 'b']) {
              await insertImage(tx, repository, `referrer of ${subjectDigest}`, { subjectDigest });
            }
          }
          await tx.orphans.note(app.id, ['a'], 10);
          await tx.orphans.note(app.id, ['b'], 20);
          await tx.orphans.note(other.id, ['a'], 15);
          await tx.orphans.note(app.id, ['a'], 30);
          const due = async (now: number, limit = 9) =>
            (await tx.orphans.takeDue(now, limit)).map((subject) => [subject.repositoryId, subject.digest]);
          expect(await due(14)).toEqual([]);
          expect(await due(30)).toEqual([
            [other.id, 'a'],
            [app.id, 'b'],
            [app.id, 'a'],
          ]);
          expect(await due(30, 1)).toEqual([[other.id, 'a']]);
          await tx.orphans.forget(app.id, ['a', 'unknown']);
          expect(await due(30)).toEqual([
            [other.id, 'a'],
            [app.id, 'b'],
          ]);
        });
      },
    );
  });
}
