import { describe, expect } from 'vitest';
import { scopeOf } from '../../../src/metadata/repositories.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { ids, insertBlob, insertRepository, metadataTest, NOW, type OpenMetadata } from './fixture.ts';

const digest = (content: string) => digestOf(Buffer.from(content));

export function bytesContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a blob`, () => {
    metadataTest('is seen in the repositories it is linked to, and nowhere else', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const other = await insertRepository(tx, 'other');
        const storageKey = ids.storageKey();
        const blobId = await tx.blobs.insert({ digest: digest('x'), size: 1, storageKey, createdAt: NOW });
        expect(await tx.blobs.find(app.id, digest('x'))).toBeUndefined();
        expect(await tx.blobs.findAnywhere(digest('x'))).toBe(blobId);
        await tx.links.put(scopeOf(app), { id: blobId, size: 1 }, NOW);
        expect(await tx.blobs.find(app.id, digest('x'))).toEqual({
          id: blobId,
          digest: digest('x'),
          size: 1,
          storageKey,
          keepUntil: NOW,
          mediaType: undefined,
          referenced: false,
        });
        expect(await tx.blobs.find(other.id, digest('x'))).toBeUndefined();
        expect(await tx.blobs.findAll(app.id, [digest('x'), digest('y')])).toHaveLength(1);
        expect(await tx.blobs.findAll(app.id, [])).toEqual([]);
      });
    });

    metadataTest('has the media type that was put last, in the repository where it was put', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const other = await insertRepository(tx, 'other');
        const blob = await insertBlob(tx, 'x');
        for (const repository of [app, other]) await tx.links.put(scopeOf(repository), blob, NOW);
        await tx.blobs.putMediaType(app.id, [blob.id, 999], 'type/a');
        expect((await tx.blobs.find(app.id, digest('x')))?.mediaType).toBe('type/a');
        expect((await tx.blobs.find(other.id, digest('x')))?.mediaType).toBeUndefined();
      });
    });

    metadataTest('is one a digest, and one a storage key', open, async (metadata) => {
      const blob = { digest: digest('x'), size: 1, storageKey: ids.storageKey(), createdAt: NOW };
      await metadata.write((tx) => tx.blobs.insert(blob));
      const again = (more: object) => metadata.write((tx) => tx.blobs.insert({ ...blob, ...more }));
      await expect(again({ storageKey: ids.storageKey() })).rejects.toThrow();
      await expect(again({ digest: digest('y') })).rejects.toThrow();
    });
  });

  describe(`${name}: an upload`, () => {
    metadataTest('moves on from where it stood, or not at all', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        await tx.uploads.insert({ id: 'u', repositoryId, storageKey: ids.storageKey(), expiresAt: NOW });
        const begun = await tx.uploads.find(repositoryId, 'u');
        if (!begun) throw new Error('The upload is missing');
        expect(begun).toMatchObject({ offset: 0, parts: 0, hasSmallPart: false, lastPartSize: 0, expiresAt: NOW });
        expect(await tx.uploads.find(repositoryId + 1, 'u')).toBeUndefined();
        const to = {
          offset: 10,
          parts: 1,
          hasSmallPart: true,
          lastPartSize: 10,
          expiresAt: NOW + 1,
          state: undefined,
        };
        const names = [{ storageKey: begun.storageKey, size: 10 }];
        expect(await tx.uploads.advance(begun, to, names)).toEqual([]);
        expect(await tx.uploads.advance(begun, { ...to, offset: 20 }, names)).toBeUndefined();
        expect(await tx.uploads.find(repositoryId, 'u')).toEqual({ ...begun, ...to });
        expect((await tx.usage.ofStore()).uploads).toEqual({ count: 1, bytes: 10 });
        expect(await tx.uploads.deleteAt(begun)).toBeUndefined();
        expect(await tx.uploads.deleteAt({ ...begun, ...to })).toEqual(names);
        expect(await tx.uploads.deleteAt({ ...begun, ...to })).toBeUndefined();
        expect(await tx.uploads.delete('u')).toBeUndefined();
        expect((await tx.usage.ofStore()).uploads).toEqual({ count: 0, bytes: 0 });
      });
    });

    metadataTest('has names of its own in the store, as far as its note on the store says', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        await tx.uploads.insert({ id: 'u', repositoryId, storageKey: ids.storageKey(), expiresAt: NOW });
        const begun = await tx.uploads.find(repositoryId, 'u');
        if (!begun) throw new Error('The upload is missing');
        const [a, b, c] = [1, 2, 3].map((size) => ({ storageKey: ids.storageKey(), size }));
        if (!a || !b || !c) throw new Error('The names are missing');
        const [first, second, third] = ['one', 'two', undefined].map((state) => ({ ...begun, offset: 9, state }));
        if (!first || !second || !third) throw new Error('The positions are missing');
        expect(await tx.uploads.advance(begun, first, [a, b])).toEqual([]);
        expect(await tx.uploads.advance(begun, second, [c])).toBeUndefined();
        expect(await tx.uploads.advance({ ...first, state: 'another' }, second, [c])).toBeUndefined();
        expect(await tx.uploads.advance(first, second, [{ ...b, size: 5 }, c, { ...b, size: 7 }])).toEqual([a]);
        for (const { storageKey } of [a, b, c]) await tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        expect((await tx.collection.takeTrash(0, 9, 0)).map((trash) => trash.storageKey)).toEqual([a.storageKey]);
        expect(await tx.uploads.deleteAt(first)).toBeUndefined();
        expect(await tx.uploads.advance(second, third, [])).toEqual(expect.arrayContaining([{ ...b, size: 7 }, c]));
        expect(await tx.uploads.advance(third, second, [c])).toEqual([]);
        expect(await tx.uploads.delete('u')).toEqual([c]);
        expect(await tx.uploads.find(repositoryId, 'u')).toBeUndefined();
      });
    });

    metadataTest('expires when its time has come, the oldest first', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        for (const [id, expiresAt] of [
          ['c', 30],
          ['a', 10],
          ['b', 20],
        ] as const) {
          await tx.uploads.insert({ id, repositoryId, storageKey: ids.storageKey(), expiresAt });
        }
        const expired = async (now: number, limit = 9) =>
          (await tx.uploads.takeExpired(now, limit)).map((upload) => upload.id);
        expect(await expired(9)).toEqual([]);
        expect(await expired(20)).toEqual(['a', 'b']);
        expect(await expired(99, 1)).toEqual(['a']);
        expect((await tx.uploads.listOfRepository(repositoryId, 9)).map((upload) => upload.id).sort()).toEqual([
          'a',
          'b',
          'c',
        ]);
      });
    });
  });

  describe(`${name}: collection`, () => {
    metadataTest('condemns what no repository sees, and only that', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const other = await insertRepository(tx, 'other');
        const storageKey = ids.storageKey();
        const dead = {
          id: await tx.blobs.insert({ digest: digest('dead'), size: 4, storageKey, createdAt: NOW }),
          size: 4,
        };
        const shared = await insertBlob(tx, 'shared');
        for (const blob of [dead, shared]) await tx.links.put(scopeOf(app), blob, 0);
        await tx.links.put(scopeOf(other), shared, 0);
        expect(await tx.collection.condemn([dead.id, shared.id], 70)).toEqual({ blobs: 0, bytes: 0 });
        await tx.links.remove(scopeOf(app), [dead.id, shared.id]);
        expect(await tx.collection.condemn([dead.id, shared.id, 999], 70)).toEqual({ blobs: 1, bytes: 4 });
        expect(await tx.blobs.findAnywhere(digest('dead'))).toBeUndefined();
        expect(await tx.blobs.find(app.id, digest('shared'))).toBeUndefined();
        expect(await tx.blobs.find(other.id, digest('shared'))).toBeDefined();
        expect(await tx.collection.takeTrash(69, 9, 69)).toEqual([]);
        expect(await tx.collection.takeTrash(70, 9, 70)).toEqual([{ storageKey, size: 4, attempts: 0 }]);
        expect(await tx.collection.condemn([], 70)).toEqual({ blobs: 0, bytes: 0 });
        expect(await tx.usage.ofStore()).toEqual({
          blobs: { count: 1, bytes: 6 },
          trash: { count: 1, bytes: 4 },
          uploads: { count: 0, bytes: 0 },
        });
      });
    });

    metadataTest('never makes trash of a key that an upload or a blob has', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        const [live, arriving, dead] = [ids.storageKey(), ids.storageKey(), ids.storageKey()];
        await tx.blobs.insert({ digest: digest('x'), size: 1, storageKey: live, createdAt: NOW });
        await tx.uploads.insert({ id: 'u', repositoryId, storageKey: arriving, expiresAt: NOW });
        for (const storageKey of [live, arriving, dead, dead])
          await tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        expect((await tx.collection.takeTrash(0, 9, 0)).map((trash) => trash.storageKey)).toEqual([dead]);
        await tx.uploads.delete('u');
        await tx.collection.discard({ storageKey: arriving, size: 1, notBefore: 0 });
        expect(await tx.collection.takeTrash(0, 9, 0)).toHaveLength(2);
      });
    });

    metadataTest('does not forget a key that was discarded once more while it was erased', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const storageKey = ids.storageKey();
        const discard = () => tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        await discard();
        const listed = await tx.collection.takeTrash(0, 9, 0);
        await discard();
        await tx.collection.forgetTrash(listed);
        const again = await tx.collection.takeTrash(0, 9, 0);
        expect(again.map((trash) => trash.storageKey)).toEqual([storageKey]);
        expect((await tx.usage.ofStore()).trash).toEqual({ count: 1, bytes: 1 });
        await tx.collection.forgetTrash(again);
        expect(await tx.collection.takeTrash(0, 9, 0)).toEqual([]);
        expect((await tx.usage.ofStore()).trash).toEqual({ count: 0, bytes: 0 });
      });
    });

    metadataTest('keeps trash that could not be erased for later, and counts', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [a, b] = [ids.storageKey(), ids.storageKey()];
        for (const storageKey of [a, b]) await tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        await tx.collection.postponeTrash({ storageKey: a, notBefore: 50, error: 'EIO' });
        expect((await tx.collection.takeTrash(49, 9, 49)).map((trash) => trash.storageKey)).toEqual([b]);
        await tx.collection.forgetTrash([{ storageKey: b, attempts: 0 }]);
        await tx.collection.forgetTrash([]);
        expect(await tx.collection.takeTrash(50, 9, 50)).toEqual([{ storageKey: a, size: 1, attempts: 1 }]);
      });
    });
  });
}
