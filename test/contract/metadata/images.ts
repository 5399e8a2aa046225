import { describe, expect } from 'vitest';
import { parseDigest } from '../../../src/model/digest.ts';
import { parseTag } from '../../../src/model/tag.ts';
import { insertBlob, insertImage, insertRepository, metadataTest, NOW, type OpenMetadata, putTags } from './fixture.ts';

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
        const { id: repositoryId } = await insertRepository(tx, 'app');
        const bytes = Uint8Array.from([0, 255, 10, 13, 0x80]);
        const put = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          imageSize: 2 ** 40,
          configMediaType: 'c',
          artifactType: 'a',
          subjectDigest: digestNumber(9),
          pushedAt: NOW,
        };
        const id = await insertImage(tx, repositoryId, digestNumber(1), { ...put, bytes, annotations: { k: 'v' } });
        await putTags(tx, repositoryId, id, 'one', 'two');
        const expected = { id, digest: digestNumber(1), ...put, lastPulledAt: undefined };
        for (const reference of [digestNumber(1), 'one', 'two'].map(referenceTo)) {
          const { bytes: found, ...image } = (await tx.images.find(repositoryId, reference)) ?? { bytes: undefined };
          expect(image).toEqual(expected);
          expect(found && Buffer.from(found).equals(bytes)).toBe(true);
        }
        expect(await tx.images.findAll(repositoryId, [digestNumber(1), digestNumber(2)])).toEqual([expected]);
        expect([...(await tx.images.manifestsOf([id, 999])).keys()]).toEqual([id]);
        expect(await tx.images.find(repositoryId, referenceTo('One'))).toBeUndefined();
        expect(await tx.images.find(repositoryId + 1, referenceTo('one'))).toBeUndefined();
      });
    });

    metadataTest('is there once: putting its digest again is an error', open, async (metadata) => {
      const { id } = await metadata.write((tx) => insertRepository(tx, 'app'));
      await metadata.write((tx) => insertImage(tx, id, digestNumber(1)));
      await expect(metadata.write((tx) => insertImage(tx, id, digestNumber(1)))).rejects.toThrow();
    });

    metadataTest(
      'holds its blobs and its children: the database itself refuses to let go of them',
      open,
      async (metadata) => {
        const { blobId, child, parent } = await metadata.write(async (tx) => {
          const { id } = await insertRepository(tx, 'app');
          const blob = await insertBlob(tx, 'layer');
          const listed = await insertImage(tx, id, digestNumber(1), { blobIds: [blob] });
          const index = await insertImage(tx, id, digestNumber(2), { childIds: [listed] });
          return { blobId: blob, child: listed, parent: index };
        });
        await expect(metadata.write((tx) => tx.images.delete([child]))).rejects.toThrow();
        await expect(metadata.write((tx) => tx.collection.condemn([blobId], NOW))).rejects.toThrow();
        expect(await metadata.read((view) => view.images.parentsOf([child, parent]))).toEqual(
          new Map([[child, [digestNumber(2)]]]),
        );
        await metadata.write((tx) => tx.images.delete([parent]));
        expect(await metadata.read((view) => view.images.parentsOf([child, parent]))).toEqual(new Map());
        await metadata.write((tx) => tx.images.delete([child]));
        expect(await metadata.write((tx) => tx.collection.condemn([blobId], NOW))).toEqual({ blobs: 1, bytes: 5 });
      },
    );

    metadataTest('that many indexes list knows them all, in order', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const child = await insertImage(tx, id, digestNumber(0));
        for (const n of [3, 1, 2]) await insertImage(tx, id, digestNumber(n), { childIds: [child] });
        expect((await tx.images.parentsOf([child])).get(child)).toEqual([1, 2, 3].map(digestNumber));
      });
    });

    metadataTest('takes its tags and references with it when it is deleted', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        const blobId = await insertBlob(tx, 'layer');
        const kept = await insertImage(tx, repositoryId, digestNumber(1), { blobIds: [blobId] });
        const gone = await insertImage(tx, repositoryId, digestNumber(2), { blobIds: [blobId] });
        await putTags(tx, repositoryId, kept, 'kept');
        await putTags(tx, repositoryId, gone, 'gone', 'too');
        await tx.images.delete([gone, 999]);
        await tx.images.delete([]);
        expect(await tx.tags.list(repositoryId, { after: '', limit: 9 })).toEqual(['kept']);
        expect(await tx.blobs.isReferenced(repositoryId, blobId)).toBe(true);
        await tx.images.delete([kept]);
        expect(await tx.blobs.isReferenced(repositoryId, blobId)).toBe(false);
      });
    });

    metadataTest('remembers its last pull; a number is never given to another image', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id: repositoryId } = await insertRepository(tx, 'app');
        const first = await insertImage(tx, repositoryId, digestNumber(1));
        await tx.images.recordPulls([first, 999], NOW + 7);
        expect((await tx.images.findAll(repositoryId, [digestNumber(1)]))[0]?.lastPulledAt).toBe(NOW + 7);
        await tx.images.delete([first]);
        expect(await insertImage(tx, repositoryId, digestNumber(2))).toBeGreaterThan(first);
      });
    });
  });

  describe(`${name}: a listing`, () => {
    metadataTest('of images is in order of digest, all, tagged or untagged', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const { id: other } = await insertRepository(tx, 'other');
        for (const n of [5, 1, 4, 2, 3]) {
          const image = await insertImage(tx, id, digestNumber(n));
          if (n % 2 === 0) await putTags(tx, id, image, `t${n}`);
          await insertImage(tx, other, digestNumber(n));
        }
        const list = async (tagged: boolean | undefined, after: number, limit: number) =>
          (await tx.images.list(id, { tagged, after: after === 0 ? '' : digestNumber(after), limit })).map(
            (image) => image.digest,
          );
        expect(await list(undefined, 0, 3)).toEqual([1, 2, 3].map(digestNumber));
        expect(await list(undefined, 3, 3)).toEqual([4, 5].map(digestNumber));
        expect(await list(true, 0, 9)).toEqual([2, 4].map(digestNumber));
        expect(await list(false, 1, 9)).toEqual([3, 5].map(digestNumber));
      });
    });

    metadataTest(
      'of identifiers has an image once for each tag in order of pushing, or once without',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const { id } = await insertRepository(tx, 'app');
          await putTags(tx, id, await insertImage(tx, id, digestNumber(1)), 'z', 'y', 'x');
          await insertImage(tx, id, digestNumber(2));
          await putTags(tx, id, await insertImage(tx, id, digestNumber(3)), 'a');
          const list = async (tagged: boolean | undefined, digest: string, position: number, limit: number) =>
            (await tx.images.listIdentifiers(id, { tagged, after: { digest, position }, limit })).map(
              (row) => `${Number.parseInt(row.digest.slice(7), 16)}:${row.tag}:${row.position}`,
            );
          expect(await list(undefined, '', 0, 9)).toEqual(['1:z:1', '1:y:2', '1:x:3', '2:undefined:0', '3:a:1']);
          expect(await list(undefined, digestNumber(1), 1, 2)).toEqual(['1:y:2', '1:x:3']);
          expect(await list(undefined, digestNumber(1), 3, 9)).toEqual(['2:undefined:0', '3:a:1']);
          expect(await list(undefined, digestNumber(2), 0, 9)).toEqual(['3:a:1']);
          expect(await list(true, '', 0, 9)).toEqual(['1:z:1', '1:y:2', '1:x:3', '3:a:1']);
          expect(await list(false, '', 0, 9)).toEqual(['2:undefined:0']);
        });
      },
    );

    metadataTest(
      'of referrers has those of one subject in one repository, of the types asked for',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const { id } = await insertRepository(tx, 'app');
          const { id: other } = await insertRepository(tx, 'other');
          const subjectDigest = digestNumber(9);
          await insertImage(tx, id, digestNumber(2), { subjectDigest, artifactType: 'x', annotations: { a: '1' } });
          await insertImage(tx, id, digestNumber(1), { subjectDigest, artifactType: 'y' });
          await insertImage(tx, id, digestNumber(3), { subjectDigest });
          await insertImage(tx, id, digestNumber(4), { subjectDigest: digestNumber(8) });
          await insertImage(tx, other, digestNumber(5), { subjectDigest });
          const list = (artifactTypes: string[], after = '') =>
            tx.images.listReferrers(id, subjectDigest, { artifactTypes, after, limit: 9 });
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
          const { id } = await insertRepository(tx, 'app');
          const [a, b] = [await insertImage(tx, id, digestNumber(1)), await insertImage(tx, id, digestNumber(2))];
          await putTags(tx, id, a, 'latest', 'v1');
          await putTags(tx, id, b, 'latest');
          expect(await tx.tags.find(id, 'latest')).toEqual({ name: 'latest', manifestId: b, digest: digestNumber(2) });
          expect(await tx.tags.ofImages([a, b])).toEqual(
            new Map([
              [a, ['v1']],
              [b, ['latest']],
            ]),
          );
          expect(await tx.images.list(id, { tagged: false, after: '', limit: 9 })).toEqual([]);
          await putTags(tx, id, b, 'v1');
          const untagged = await tx.images.list(id, { tagged: false, after: '', limit: 9 });
          expect(untagged.map((image) => image.id)).toEqual([a]);
          expect(await tx.tags.ofImages([a, b])).toEqual(new Map([[b, ['latest', 'v1']]]));
          expect([await tx.tags.countOfImage(a), await tx.tags.countOfImage(b)]).toEqual([0, 2]);
        });
      },
    );

    metadataTest(
      'belongs to its repository, counts its case, and is listed in order of bytes',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const { id } = await insertRepository(tx, 'app');
          const { id: other } = await insertRepository(tx, 'other');
          const image = await insertImage(tx, id, digestNumber(1));
          await putTags(tx, id, image, 'v10', 'v1.0', 'V1', 'v1-', 'v1', '_x');
          await putTags(tx, other, await insertImage(tx, other, digestNumber(1)), 'v1');
          expect(await tx.tags.list(id, { after: '', limit: 9 })).toEqual(['V1', '_x', 'v1', 'v1-', 'v1.0', 'v10']);
          expect(await tx.tags.list(id, { after: 'v1', limit: 2 })).toEqual(['v1-', 'v1.0']);
          expect(await tx.tags.resolve(other, ['v1', 'V1'])).toHaveLength(1);
          await tx.tags.delete(id, ['v1', 'V1', 'unknown']);
          await tx.tags.delete(id, []);
          expect(await tx.tags.list(id, { after: '', limit: 9 })).toEqual(['_x', 'v1-', 'v1.0', 'v10']);
          expect(await tx.tags.find(other, 'v1')).toBeDefined();
        });
      },
    );
  });
}
