import { describe, expect } from 'vitest';
import { digestOf } from '../../../src/model/digest.ts';
import { ids, insertBlob, insertImage, insertRepository, metadataTest, NOW, type OpenMetadata } from './fixture.ts';

const digest = (content: string) => digestOf(Buffer.from(content));

export function bytesContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a blob`, () => {
    metadataTest('is seen in the repositories it is linked to, and nowhere else', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        const storageKey = ids.storageKey();
        const blobId = await tx.blobs.insert({ digest: digest('x'), size: 1, storageKey, createdAt: NOW });
        expect(await tx.blobs.find(id, digest('x'))).toBeUndefined();
        expect(await tx.blobs.findAnywhere(digest('x'))).toBe(blobId);
        await tx.blobs.link(id, blobId, NOW);
        expect(await tx.blobs.find(id, digest('x'))).toEqual({
          id: blobId,
          digest: digest('x'),
          size: 1,
          storageKey,
          leaseUntil: NOW,
          mediaType: undefined,
        });
        expect(await tx.blobs.find(other, digest('x'))).toBeUndefined();
        expect(await tx.blobs.findAll(id, [digest('x'), digest('y')])).toHaveLength(1);
        expect(await tx.blobs.findAll(id, [])).toEqual([]);
      });
    });

    metadataTest('keeps the longer of two leases, in each repository its own', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        const blobId = await insertBlob(tx, 'x');
        const lease = async (repositoryId: number) => (await tx.blobs.find(repositoryId, digest('x')))?.leaseUntil;
        await tx.blobs.link(id, blobId, 20);
        await tx.blobs.link(other, blobId, 5);
        await tx.blobs.link(id, blobId, 10);
        expect(await lease(id)).toBe(20);
        await tx.blobs.link(id, blobId, 30);
        expect([await lease(id), await lease(other)]).toEqual([30, 5]);
      });
    });

    metadataTest('has the media type that was put last, in the repository where it was put', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        const blobId = await insertBlob(tx, 'x');
        for (const repositoryId of [id, other]) await tx.blobs.link(repositoryId, blobId, NOW);
        await tx.blobs.putMediaType(id, [blobId, 999], 'type/a');
        expect((await tx.blobs.find(id, digest('x')))?.mediaType).toBe('type/a');
        expect((await tx.blobs.find(other, digest('x')))?.mediaType).toBeUndefined();
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
        const to = { offset: 10, parts: 1, hasSmallPart: true, lastPartSize: 10, expiresAt: NOW + 1 };
        expect(await tx.uploads.advance(begun, to)).toBe(true);
        expect(await tx.uploads.advance(begun, { ...to, offset: 20 })).toBe(false);
        expect(await tx.uploads.find(repositoryId, 'u')).toEqual({ ...begun, ...to });
        expect([await tx.uploads.delete('u'), await tx.uploads.delete('u')]).toEqual([true, false]);
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
          (await tx.uploads.listExpired(now, limit)).map((upload) => upload.id);
        expect(await expired(9)).toEqual([]);
        expect(await expired(20)).toEqual(['a', 'b']);
        expect(await expired(99, 1)).toEqual(['a']);
        expect((await tx.uploads.listOfRepository(repositoryId)).map((upload) => upload.id).sort()).toEqual([
          'a',
          'b',
          'c',
        ]);
      });
    });
  });

  describe(`${name}: collection`, () => {
    metadataTest('finds out afresh what a repository still uses', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        const [used, leased, unseen] = [
          await insertBlob(tx, '1'),
          await insertBlob(tx, '2'),
          await insertBlob(tx, '3'),
        ];
        for (const blobId of [used, leased]) await tx.blobs.link(id, blobId, 50);
        const image = await insertImage(tx, id, digest('image'), { blobIds: [used] });
        await insertImage(tx, other, digest('image'), { blobIds: [leased] });
        await tx.collection.nominateBlobsOf([image], 10);
        await tx.collection.nominate(id, leased, 20);
        await tx.collection.nominate(id, unseen, 30);
        expect(await tx.collection.listDue(9, 9)).toEqual([]);
        expect(await tx.collection.listDue(30, 2)).toHaveLength(2);
        expect(await tx.collection.listDue(30, 9)).toEqual([
          { blobId: used, repositoryId: id, referenced: true, leaseUntil: 50 },
          { blobId: leased, repositoryId: id, referenced: false, leaseUntil: 50 },
          { blobId: unseen, repositoryId: id, referenced: false, leaseUntil: undefined },
        ]);
        await tx.collection.forget(id, [used, unseen]);
        await tx.collection.postponeToLease(id, [leased]);
        expect(await tx.collection.listDue(49, 9)).toEqual([]);
        expect(await tx.collection.listDue(50, 9)).toHaveLength(1);
      });
    });

    metadataTest('looks at a candidate at the latest date it was given', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const blobId = await insertBlob(tx, 'x');
        await tx.blobs.link(id, blobId, 0);
        for (const notBefore of [20, 40, 30]) await tx.collection.nominate(id, blobId, notBefore);
        expect(await tx.collection.listDue(39, 9)).toEqual([]);
        await tx.collection.nominateBlobsOfRepository(id, 60);
        expect(await tx.collection.listDue(59, 9)).toEqual([]);
        expect(await tx.collection.listDue(60, 9)).toHaveLength(1);
      });
    });

    metadataTest('condemns what no repository sees, and only that', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        const storageKey = ids.storageKey();
        const dead = await tx.blobs.insert({ digest: digest('dead'), size: 4, storageKey, createdAt: NOW });
        const shared = await insertBlob(tx, 'shared');
        for (const [repositoryId, blobId] of [
          [id, dead],
          [id, shared],
          [other, shared],
        ] as const) {
          await tx.blobs.link(repositoryId, blobId, 0);
          await tx.collection.nominate(repositoryId, blobId, 0);
        }
        await tx.collection.unlink(id, [dead, shared]);
        expect(await tx.collection.condemn([dead, shared, 999], 70)).toEqual({ blobs: 1, bytes: 4 });
        expect(await tx.blobs.findAnywhere(digest('dead'))).toBeUndefined();
        expect(await tx.blobs.find(other, digest('shared'))).toBeDefined();
        expect((await tx.collection.listDue(0, 9)).map((candidate) => candidate.blobId)).toEqual([shared, shared]);
        expect(await tx.collection.listTrash(69, 9)).toEqual([]);
        expect(await tx.collection.listTrash(70, 9)).toEqual([{ storageKey, size: 4, attempts: 0 }]);
        expect(await tx.collection.condemn([], 70)).toEqual({ blobs: 0, bytes: 0 });
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
        expect((await tx.collection.listTrash(0, 9)).map((trash) => trash.storageKey)).toEqual([dead]);
        await tx.uploads.delete('u');
        await tx.collection.discard({ storageKey: arriving, size: 1, notBefore: 0 });
        expect(await tx.collection.listTrash(0, 9)).toHaveLength(2);
      });
    });

    metadataTest('does not forget a key that was discarded once more while it was erased', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const storageKey = ids.storageKey();
        const discard = () => tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        await discard();
        const listed = await tx.collection.listTrash(0, 9);
        await discard();
        await tx.collection.forgetTrash(listed);
        const again = await tx.collection.listTrash(0, 9);
        expect(again.map((trash) => trash.storageKey)).toEqual([storageKey]);
        await tx.collection.forgetTrash(again);
        expect(await tx.collection.listTrash(0, 9)).toEqual([]);
      });
    });

    metadataTest('keeps trash that could not be erased for later, and counts', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [a, b] = [ids.storageKey(), ids.storageKey()];
        for (const storageKey of [a, b]) await tx.collection.discard({ storageKey, size: 1, notBefore: 0 });
        await tx.collection.postponeTrash({ storageKey: a, notBefore: 50, error: 'EIO' });
        expect((await tx.collection.listTrash(49, 9)).map((trash) => trash.storageKey)).toEqual([b]);
        await tx.collection.forgetTrash([{ storageKey: b, attempts: 0 }]);
        await tx.collection.forgetTrash([]);
        expect(await tx.collection.listTrash(50, 9)).toEqual([{ storageKey: a, size: 1, attempts: 1 }]);
      });
    });
  });
}
