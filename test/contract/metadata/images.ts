import { describe, expect } from 'vitest';
import type { NamedImage } from '../../../src/metadata/image.ts';
import { scopeOf } from '../../../src/metadata/repositories.ts';
import { parseDigest } from '../../../src/model/digest.ts';
import { parseTag } from '../../../src/model/tag.ts';
import { findImage, manifestsIn } from './find-image.ts';
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

const digestNumber = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;

function referenceTo(text: string) {
  const digest = parseDigest(text);
  const tag = parseTag(text);
  if (digest) return { digest };
  if (tag) return { tag };
  throw new Error(`No reference: ${text}`);
}

export function imagesContract(name: string, open: OpenMetadata): void {
  describe(`${name}: an image`, () => {
    metadataTest('comes back as it was put, by digest and by each tag', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const bytes = Uint8Array.from([0, 255, 10, 13, 0x80]);
        const put = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          imageSize: 2 ** 40,
          configMediaType: 'c',
          artifactType: 'a',
          subjectDigest: digestNumber(9),
          pushedAt: NOW,
        };
        const inserted = await insertImage(tx, app, digestNumber(1), { ...put, bytes, annotations: { k: 'v' } });
        await putTags(tx, app, inserted, 'one', 'two');
        const { id } = inserted;
        const expected = { id, digest: digestNumber(1), tags: ['one', 'two'], ...put, lastPulledAt: undefined };
        for (const reference of [digestNumber(1), 'one', 'two'].map(referenceTo)) {
          expect(await findImage(tx, app.id, reference)).toEqual(expected);
        }
        expect(await tx.images.findAll(app.id, [digestNumber(1), digestNumber(2)])).toEqual([expected]);
        expect(await manifestsIn(tx)).toEqual(new Map([[id, Buffer.from(bytes)]]));
        expect(await findImage(tx, app.id, referenceTo('One'))).toBeUndefined();
        expect(await findImage(tx, app.id + 1, referenceTo('one'))).toBeUndefined();
      });
    });

    metadataTest('is there once: putting its digest again is an error', open, async (metadata) => {
      const app = await metadata.write((tx) => insertRepository(tx, 'app'));
      await metadata.write((tx) => insertImage(tx, app, digestNumber(1)));
      await expect(metadata.write((tx) => insertImage(tx, app, digestNumber(1)))).rejects.toThrow();
    });

    metadataTest(
      'holds its blobs and its children: the database itself refuses to let go of them',
      open,
      async (metadata) => {
        const { app, blob, child, parent } = await metadata.write(async (tx) => {
          const repository = await insertRepository(tx, 'app');
          const layer = await insertBlob(tx, 'layer');
          const listed = await insertImage(tx, repository, digestNumber(1), { blobs: [layer] });
          const index = await insertImage(tx, repository, digestNumber(2), { childIds: [listed.id] });
          return { app: repository, blob: layer, child: listed, parent: index };
        });
        const unlink = () => metadata.write((tx) => tx.links.remove(scopeOf(app), [blob.id]));
        const purge = ({ id }: NamedImage) =>
          metadata.write((tx) => tx.graveyard.purge(scopeOf(app), [{ id, ...scopeOf(app), held: false }]));
        const parents = () => metadata.read((view) => view.images.parentsOf([child.id, parent.id]));
        await expect(unlink()).rejects.toThrow();
        await expect(purge(child)).rejects.toThrow();
        expect(await parents()).toEqual(new Map([[child.id, [digestNumber(2)]]]));

        // Deleted images hold what they name until they are purged; an index that is deleted is nobody's parent.
        await metadata.write((tx) => deleteImages(tx, app, [parent]));
        expect(await parents()).toEqual(new Map());
        await metadata.write((tx) => deleteImages(tx, app, [child]));
        await expect(unlink()).rejects.toThrow();
        await expect(purge(child)).rejects.toThrow();
        await purge(parent);
        await purge(child);
        await unlink();
        expect(await metadata.write((tx) => tx.collection.condemn([blob.id], NOW))).toEqual({ blobs: 1, bytes: 5 });
      },
    );

    metadataTest('that many indexes list knows them all, in order', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const child = await insertImage(tx, app, digestNumber(0));
        for (const n of [3, 1, 2]) await insertImage(tx, app, digestNumber(n), { childIds: [child.id] });
        expect((await tx.images.parentsOf([child.id])).get(child.id)).toEqual([1, 2, 3].map(digestNumber));
      });
    });

    metadataTest(
      'takes its tags with it when it is deleted, and what was pushed when it is purged',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const other = await insertRepository(tx, 'other');
          const blob = await insertBlob(tx, 'layer');
          const kept = await insertImage(tx, app, digestNumber(1), { blobs: [blob] });
          const gone = await insertImage(tx, app, digestNumber(2), { blobs: [blob] });
          const elsewhere = await insertImage(tx, other, digestNumber(2), { blobs: [blob] });
          await putTags(tx, app, kept, 'kept');
          await putTags(tx, app, gone, 'gone', 'too');
          await putTags(tx, other, elsewhere, 'gone');
          await deleteImages(tx, app, [gone]);
          await deleteImages(tx, app, []);
          expect(await tagsOf(tx, app)).toEqual(['kept']);
          expect(
            (await tx.images.list(app.id, { tagged: undefined, after: undefined, limit: 9 })).map(({ id }) => id),
          ).toEqual([kept.id]);
          for (const reference of [digestNumber(2), 'gone'].map(referenceTo)) {
            expect(await findImage(tx, app.id, reference)).toBeUndefined();
            expect((await findImage(tx, other.id, reference))?.id).toBe(elsewhere.id);
          }
          expect((await tx.blobs.find(app.id, blob.digest))?.referenced).toBe(true);
          await deleteImages(tx, app, [kept], { purgeAt: NOW + 1 });
          expect((await tx.blobs.find(app.id, blob.digest))?.referenced).toBe(false);
          expect([...(await manifestsIn(tx)).keys()]).toEqual(expect.arrayContaining([gone.id, kept.id]));
          await purgeImages(tx, NOW + 1);
          expect([...(await manifestsIn(tx)).keys()]).toEqual([elsewhere.id]);
          expect((await tx.blobs.find(other.id, blob.digest))?.referenced).toBe(true);
        });
      },
    );

    metadataTest('may be pushed again while what was deleted is not purged: they are two', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const blob = await insertBlob(tx, 'layer');
        const first = await insertImage(tx, app, digestNumber(1), { blobs: [blob] });
        await deleteImages(tx, app, [first]);
        const second = await insertImage(tx, app, digestNumber(1), { blobs: [blob] });
        await tx.images.recordPulls([first.id], NOW + 7);
        await purgeImages(tx);
        const [live] = await tx.images.findAll(app.id, [digestNumber(1)]);
        expect([live?.id, live?.lastPulledAt]).toEqual([second.id, undefined]);
        expect([...(await manifestsIn(tx)).keys()]).toEqual([second.id]);
        expect((await tx.blobs.find(app.id, blob.digest))?.referenced).toBe(true);
      });
    });

    metadataTest('remembers its last pull; a number is never given to another image', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const first = await insertImage(tx, app, digestNumber(1));
        await tx.images.recordPulls([first.id, 999], NOW + 7);
        expect((await tx.images.findAll(app.id, [digestNumber(1)]))[0]?.lastPulledAt).toBe(NOW + 7);
        await deleteImages(tx, app, [first]);
        await purgeImages(tx);
        expect((await insertImage(tx, app, digestNumber(2))).id).toBeGreaterThan(first.id);
      });
    });
  });

  describe(`${name}: a name of a deleted image`, () => {
    metadataTest('leads nowhere, and is listed as such until the image is purged', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const [gone, stays] = [
          await insertImage(tx, app, digestNumber(1)),
          await insertImage(tx, app, digestNumber(2)),
        ];
        await putTags(tx, app, gone, 'a', 'c');
        await putTags(tx, app, stays, 'b');
        const names = (after: string, limit: number) => tx.tags.listNames(app.id, { after, limit });
        expect(await names('', 9)).toEqual({ names: ['a', 'b', 'c'], read: 3, last: 'c' });
        expect(await names('a', 1)).toEqual({ names: ['b'], read: 1, last: 'b' });
        await deleteImages(tx, app, [gone]);
        const page = { prefix: '', after: '', limit: 9 };
        expect(await tx.tags.list(app.id, page)).toEqual([
          { name: 'a', digest: undefined },
          { name: 'b', digest: digestNumber(2) },
          { name: 'c', digest: undefined },
        ]);
        expect(await names('', 9)).toEqual({ names: ['b'], read: 3, last: 'c' });
        expect(await names('', 2)).toEqual({ names: ['b'], read: 2, last: 'b' });
        expect(await names('b', 9)).toEqual({ names: [], read: 1, last: 'c' });
        expect(await names('c', 9)).toEqual({ names: [], read: 0, last: undefined });
        expect(await tx.tags.resolve(app.id, ['a', 'b'])).toMatchObject([{ name: 'b' }]);
        expect(await tx.images.identify(app.id, [digestNumber(1)])).toEqual([]);
        await purgeImages(tx, NOW);
        expect(await tx.tags.list(app.id, page)).toEqual([{ name: 'b', digest: digestNumber(2) }]);
        expect(await names('', 9)).toEqual({ names: ['b'], read: 1, last: 'b' });
        expect(await names('b', 9)).toEqual({ names: [], read: 0, last: undefined });
      });
    });

    metadataTest(
      'can be given to another image, and purging the deleted one does not take it away',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const gone = await insertImage(tx, app, digestNumber(1));
          await putTags(tx, app, gone, 'latest', 'v1');
          await deleteImages(tx, app, [gone]);
          const again = await insertImage(tx, app, digestNumber(1));
          const other = await insertImage(tx, app, digestNumber(2));
          await putTags(tx, app, again, 'v1');
          await putTags(tx, app, other, 'latest');
          await purgeImages(tx, NOW);
          expect(await tx.tags.resolve(app.id, ['latest', 'v1'])).toEqual([
            { name: 'latest', image: { id: other.id, digest: digestNumber(2), tags: ['latest'] } },
            { name: 'v1', image: { id: again.id, digest: digestNumber(1), tags: ['v1'] } },
          ]);
          expect((await findImage(tx, app.id, referenceTo(digestNumber(1))))?.id).toBe(again.id);
        });
      },
    );

    metadataTest('goes at once where the image may be restored', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const gone = await insertImage(tx, app, digestNumber(1));
        await putTags(tx, app, gone, 'latest');
        await deleteImages(tx, app, [gone], { purgeAt: NOW + 1 });
        expect(await tx.tags.list(app.id, { prefix: '', after: '', limit: 9 })).toEqual([]);
      });
    });

    metadataTest('is not given to a second live image: a digest names one', open, async (metadata) => {
      const app = await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        await insertImage(tx, repository, digestNumber(1));
        return repository;
      });
      await expect(metadata.write((tx) => insertImage(tx, app, digestNumber(1)))).rejects.toThrow('already');
    });
  });

  describe(`${name}: a listing`, () => {
    metadataTest('of images has the last pushed first, all, tagged or untagged', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const app = await insertRepository(tx, 'app');
        const other = await insertRepository(tx, 'other');
        const ids = new Map<number, number>();
        for (const n of [5, 1, 4, 2, 3]) {
          const image = await insertImage(tx, app, digestNumber(n));
          ids.set(n, image.id);
          if (n % 2 === 0) await putTags(tx, app, image, `t${n}`);
          await insertImage(tx, other, digestNumber(n));
        }
        const list = async (tagged: boolean | undefined, after: number, limit: number) =>
          (await tx.images.list(app.id, { tagged, after: ids.get(after), limit })).map((image) => image.digest);
        expect(await list(undefined, 0, 3)).toEqual([3, 2, 4].map(digestNumber));
        expect(await list(undefined, 4, 3)).toEqual([1, 5].map(digestNumber));
        expect(await list(true, 0, 9)).toEqual([2, 4].map(digestNumber));
        expect(await list(false, 3, 9)).toEqual([1, 5].map(digestNumber));
        const page = { tagged: true, after: undefined, limit: 9 };
        expect((await tx.images.listTagged(app.id, page)).map(({ tags }) => tags)).toEqual([['t2'], ['t4']]);
        expect((await tx.images.listDated(app.id, page)).map(({ tags }) => tags)).toEqual([['t4'], ['t2']]);
      });
    });

    metadataTest(
      'of referrers has those of one subject in one repository, of the types asked for',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const other = await insertRepository(tx, 'other');
          const subjectDigest = digestNumber(9);
          await insertImage(tx, app, digestNumber(2), { subjectDigest, artifactType: 'x', annotations: { a: '1' } });
          await insertImage(tx, app, digestNumber(1), { subjectDigest, artifactType: 'y' });
          await insertImage(tx, app, digestNumber(3), { subjectDigest });
          await insertImage(tx, app, digestNumber(4), { subjectDigest: digestNumber(8) });
          await insertImage(tx, other, digestNumber(5), { subjectDigest });
          const list = (artifactTypes: string[], after = '') =>
            tx.images.listReferrers(app.id, subjectDigest, { artifactTypes, after, limit: 9 });
          expect((await list([])).map((referrer) => referrer.digest)).toEqual([1, 2, 3].map(digestNumber));
          expect((await list([], digestNumber(1))).map((referrer) => referrer.digest)).toEqual(
            [2, 3].map(digestNumber),
          );
          expect((await list(['y', 'z'])).map((referrer) => referrer.digest)).toEqual([digestNumber(1)]);
          expect(await list(['x'])).toEqual([
            {
              digest: digestNumber(2),
              mediaType: 'application/vnd.oci.image.manifest.v1+json',
              size: `manifest of ${digestNumber(2)}`.length,
              artifactType: 'x',
              annotations: { a: '1' },
            },
          ]);
        });
      },
    );
  });

  describe(`${name}: a tag`, () => {
    metadataTest(
      'points to one image; moving it leaves the one before untagged when it was its last',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const [a, b] = [await insertImage(tx, app, digestNumber(1)), await insertImage(tx, app, digestNumber(2))];
          await putTags(tx, app, a, 'latest', 'v1');
          await putTags(tx, app, b, 'latest');
          expect(await tx.tags.resolve(app.id, ['latest'])).toEqual([
            { name: 'latest', image: { id: b.id, digest: digestNumber(2), tags: ['latest'] } },
          ]);
          const tagsOfBoth = async () =>
            (await tx.images.identify(app.id, [a.digest, b.digest])).map(({ tags }) => tags);
          expect(await tagsOfBoth()).toEqual([['v1'], ['latest']]);
          expect(await tx.images.list(app.id, { tagged: false, after: undefined, limit: 9 })).toEqual([]);
          await putTags(tx, app, b, 'v1');
          const untagged = await tx.images.list(app.id, { tagged: false, after: undefined, limit: 9 });
          expect(untagged.map((image) => image.id)).toEqual([a.id]);
          expect(await tagsOfBoth()).toEqual([[], ['latest', 'v1']]);
        });
      },
    );

    metadataTest(
      'belongs to its repository, counts its case, and is listed in order of bytes',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const other = await insertRepository(tx, 'other');
          const image = await insertImage(tx, app, digestNumber(1));
          await putTags(tx, app, image, 'v10', 'v1.0', 'V1', 'v1-', 'v1', '_x');
          await putTags(tx, other, await insertImage(tx, other, digestNumber(1)), 'v1');
          expect(await tagsOf(tx, app)).toEqual(['V1', '_x', 'v1', 'v1-', 'v1.0', 'v10']);
          expect(await tagsOf(tx, app, { prefix: '', after: 'v1', limit: 2 })).toEqual(['v1-', 'v1.0']);
          expect(await tagsOf(tx, app, { prefix: 'v1', after: '', limit: 9 })).toEqual(['v1', 'v1-', 'v1.0', 'v10']);
          expect(await tagsOf(tx, app, { prefix: 'v1', after: 'v1-', limit: 1 })).toEqual(['v1.0']);
          expect(await tx.tags.resolve(other.id, ['v1', 'V1'])).toHaveLength(1);
          await tx.tags.delete(app.id, ['v1', 'V1', 'unknown']);
          await tx.tags.delete(app.id, []);
          expect(await tagsOf(tx, app)).toEqual(['_x', 'v1-', 'v1.0', 'v10']);
          expect(await tagsOf(tx, other)).toEqual(['v1']);
        });
      },
    );
  });
}
