import { describe, expect } from 'vitest';
import { scopeOf } from '../../../src/metadata/repositories.ts';
import { OCI_IMAGE_MANIFEST } from '../../../src/model/media-type.ts';
import {
  deleteImages,
  ids,
  insertBlob,
  insertImage,
  insertRepository,
  metadataTest,
  NOW,
  type OpenMetadata,
  putTags,
  REGISTRY,
} from './fixture.ts';

const app = { registry: REGISTRY, repositoryName: 'app' };
const elsewhere = [
  { registry: REGISTRY, repositoryName: 'App' },
  { registry: { ...REGISTRY, region: 'eu-west-1' }, repositoryName: 'app' },
  { registry: { ...REGISTRY, id: '111111111111' }, repositoryName: 'app' },
];

export function lookupsContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a lookup`, () => {
    metadataTest('of images answers those that the names lead to, with their manifests', open, async (metadata) => {
      const { one, two } = await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        const one = await insertImage(tx, repository, 'sha256:one', { bytes: Uint8Array.from([0, 255, 10]) });
        const two = await insertImage(tx, repository, 'sha256:two');
        const gone = await insertImage(tx, repository, 'sha256:gone');
        await putTags(tx, repository, one, 'a', 'b');
        await putTags(tx, repository, gone, 'gone');
        await deleteImages(tx, repository, [gone], { purgeAt: NOW + 1 });
        return { one, two };
      });
      const names = [{ tag: 'b' }, { digest: 'sha256:two' }, { tag: 'gone' }, { digest: 'sha256:gone' }, { tag: 'c' }];
      const found = await metadata.lookUp((lookups) => lookups.images(app, names));
      expect(found?.toSorted((a, b) => a.image.id - b.image.id)).toEqual([
        {
          tag: 'b',
          image: { ...one, tags: ['a', 'b'] },
          manifest: { mediaType: OCI_IMAGE_MANIFEST, bytes: expect.anything() },
        },
        { tag: undefined, image: { ...two, tags: [] }, manifest: expect.anything() },
      ]);
      expect(Buffer.from(found?.find(({ tag }) => tag === 'b')?.manifest.bytes ?? [])).toEqual(
        Buffer.from([0, 255, 10]),
      );
    });

    metadataTest('of blobs answers what the repository sees', open, async (metadata) => {
      const seen = await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        const other = await insertRepository(tx, 'other');
        const [seen, hidden, others] = [
          await insertBlob(tx, 'seen'),
          await insertBlob(tx, 'hidden'),
          await insertBlob(tx, 'others'),
        ];
        await tx.links.put(scopeOf(repository), seen, NOW);
        await tx.links.put(scopeOf(repository), hidden, NOW);
        await tx.links.hide(repository.id, hidden.id, NOW);
        await tx.links.put(scopeOf(other), others, NOW);
        return { seen, digests: [seen.digest, hidden.digest, others.digest, 'sha256:none'] };
      });
      const found = await metadata.lookUp((lookups) => lookups.blobs(app, seen.digests));
      const { id, digest, size } = seen.seen;
      expect(found).toMatchObject([{ id, digest, size, keepUntil: NOW, referenced: false }]);
    });

    metadataTest('of an upload answers it in its own repository only', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        await insertRepository(tx, 'other');
        await tx.uploads.insert({
          ...{ id: 'u', repositoryId: repository.id, storageKey: ids.storageKey(), expiresAt: NOW },
        });
      });
      const upload = (path: typeof app, id: string) => metadata.lookUp((lookups) => lookups.upload(path, id));
      expect(await upload(app, 'u')).toMatchObject({ upload: { id: 'u', offset: 0, parts: 0, expiresAt: NOW } });
      expect(await upload(app, 'v')).toEqual({ upload: undefined });
      expect(await upload({ ...app, repositoryName: 'other' }, 'u')).toEqual({ upload: undefined });
    });

    metadataTest('in a repository answers nothing, and in none that there is none', open, async (metadata) => {
      const look = (path: typeof app) =>
        Promise.all([
          metadata.lookUp((lookups) => lookups.images(path, [{ tag: 'a' }])),
          metadata.lookUp((lookups) => lookups.images(path, [])),
          metadata.lookUp((lookups) => lookups.blobs(path, ['sha256:a', 'sha256:b'])),
          metadata.lookUp((lookups) => lookups.blobs(path, [])),
          metadata.lookUp((lookups) => lookups.upload(path, 'u')),
        ]);
      const id = await metadata.write(async (tx) => (await insertRepository(tx, 'app')).id);
      expect(await look(app)).toEqual([[], [], [], [], { upload: undefined }]);
      const none = [undefined, undefined, undefined, undefined, undefined];
      for (const path of elsewhere) expect(await look(path)).toEqual(none);
      await metadata.write((tx) => tx.repositories.markDeleted(id, NOW, NOW + 1));
      expect(await look(app)).toEqual(none);
    });

    metadataTest('is one statement: a second one is refused, and so is one that comes late', open, async (metadata) => {
      const second = metadata.lookUp(async (lookups) => {
        await lookups.upload(app, 'u');
        await lookups.upload(app, 'u');
      });
      await expect(second).rejects.toThrow(/A second query ran in a lookup/);
      const kept = await metadata.lookUp(async (lookups) => lookups);
      await expect(kept.upload(app, 'u')).rejects.toThrow(/ended/);
      expect(await metadata.lookUp((lookups) => lookups.upload(app, 'u'))).toBeUndefined();
    });

    metadataTest('beside many others, and changes that come between, answers what is asked', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        for (let number = 0; number < 30; number++) {
          await putTags(tx, repository, await insertImage(tx, repository, `sha256:${number}`), `t${number}`);
        }
      });
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, turn) => {
          if (turn % 10 === 9) return metadata.write(async (tx) => void (await insertRepository(tx, `r${turn}`)));
          const found = await metadata.lookUp((lookups) => lookups.images(app, [{ tag: `t${turn % 30}` }]));
          return found?.map(({ image }) => image.digest);
        }),
      );
      for (const [turn, answer] of answers.entries()) {
        expect(answer).toEqual(turn % 10 === 9 ? undefined : [`sha256:${turn % 30}`]);
      }
    });
  });
}
