import { describe, expect } from 'vitest';
import { scopeOf } from '../../../src/metadata/repositories.ts';
import { DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';
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
  REGISTRY,
  tagsOf,
} from './fixture.ts';

export function repositoriesContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a repository`, () => {
    metadataTest('comes back as it was put', open, async (metadata) => {
      const put = {
        registry: REGISTRY,
        name: 'team/app',
        createdAt: NOW,
        tagMutability: { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['dev-*', "it's"] },
        scanOnPush: true,
        encryption: { type: 'KMS', kmsKey: 'arn:aws:kms:us-east-1:000000000000:key/1' },
      } as const;
      const created = await metadata.write((tx) => tx.repositories.insert(put));
      expect(created).toEqual({ id: expect.any(Number), registryKey: expect.any(Number), ...put });
      expect(await metadata.read((view) => view.repositories.find(REGISTRY, 'team/app'))).toEqual(created);
    });

    metadataTest(
      'of a name that is taken is not put; the same name in another registry or region is free',
      open,
      async (metadata) => {
        const { tags: _, ...settings } = DEFAULT_SETTINGS;
        await metadata.write(async (tx) => {
          const first = await insertRepository(tx, 'app');
          expect(
            await tx.repositories.insert({ registry: REGISTRY, name: 'app', createdAt: 2, ...settings }),
          ).toBeUndefined();
          const elsewhere = await insertRepository(tx, 'app', { ...REGISTRY, region: 'eu-west-1' });
          const others = await insertRepository(tx, 'app', { ...REGISTRY, id: '111111111111' });
          expect(new Set([first.id, elsewhere.id, others.id]).size).toBe(3);
          expect(new Set([first.registryKey, elsewhere.registryKey, others.registryKey]).size).toBe(3);
          expect((await insertRepository(tx, 'next')).registryKey).toBe(first.registryKey);
          expect(await tx.repositories.findRegistry(REGISTRY)).toBe(first.registryKey);
          expect(await tx.repositories.findRegistry({ ...REGISTRY, region: 'x' })).toBeUndefined();
          expect(await tx.repositories.find(REGISTRY, 'app')).toEqual(first);
          expect(await tx.repositories.find({ id: '222222222222', region: 'us-east-1' }, 'app')).toBeUndefined();
          expect(await tx.repositories.find(REGISTRY, 'APP')).toBeUndefined();
        });
      },
    );

    metadataTest(
      'is listed in order of name, page by page, with those of its registry only',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          for (const repository of ['b', 'a/b', 'a-b', 'ab', 'a', 'a.b']) await insertRepository(tx, repository);
          await insertRepository(tx, 'aa', { ...REGISTRY, region: 'eu-west-1' });
        });
        const page = (after: string) =>
          metadata.read(async (view) =>
            (await view.repositories.list(REGISTRY, { after, limit: 4 })).map((repository) => repository.name),
          );
        expect(await page('')).toEqual(['a', 'a-b', 'a.b', 'a/b']);
        expect(await page('a/b')).toEqual(['ab', 'b']);
        expect(await page('b')).toEqual([]);
      },
    );

    metadataTest('keeps its mutability and its resource tags until they are replaced', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const { id } = await insertRepository(tx, 'app');
        const tagMutability = { mode: 'IMMUTABLE', exclusionFilters: [] } as const;
        await tx.repositories.putTagMutability(id, tagMutability);
        expect((await tx.repositories.find(REGISTRY, 'app'))?.tagMutability).toEqual(tagMutability);

        await tx.repositories.putResourceTags(id, []);
        await tx.repositories.putResourceTags(id, [
          { key: 'b', value: '1' },
          { key: 'a', value: '' },
        ]);
        await tx.repositories.putResourceTags(id, [
          { key: 'b', value: '2' },
          { key: 'c', value: '3' },
        ]);
        expect(await tx.repositories.resourceTags(id)).toEqual([
          { key: 'a', value: '' },
          { key: 'b', value: '2' },
          { key: 'c', value: '3' },
        ]);
        await tx.repositories.deleteResourceTags(id, [
          'a',
          'unknown',
          ...Array.from({ length: 50_000 }, (_, at) => `${at}`),
        ]);
        await tx.repositories.deleteResourceTags(id, []);
        expect((await tx.repositories.resourceTags(id)).map((tag) => tag.key)).toEqual(['b', 'c']);
      });
    });

    metadataTest(
      'that is deleted is out of sight, its name is free, and it comes back as it was',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const image = await insertImage(tx, app, 'sha256:a');
          await putTags(tx, app, image, 'latest');
          await tx.repositories.putResourceTags(app.id, [{ key: 'a', value: '1' }]);
          expect(await tx.repositories.findDeleted(REGISTRY, 'app', NOW)).toBeUndefined();
          await tx.repositories.markDeleted(app.id, NOW, NOW + 50);
          expect(await tx.repositories.find(REGISTRY, 'app')).toBeUndefined();
          expect(await tx.repositories.findById(app.id)).toBeUndefined();
          expect(await tx.repositories.list(REGISTRY, { after: '', limit: 9 })).toEqual([]);
          const grave = { ...scopeOf(app), deletedAt: NOW, purgeAt: NOW + 50 };
          expect(await tx.repositories.findDeleted(REGISTRY, 'app', NOW + 49)).toEqual(grave);
          expect(await tx.repositories.findDeleted(REGISTRY, 'app', NOW + 50)).toBeUndefined();
          expect(await tx.repositories.findDeleted({ ...REGISTRY, region: 'x' }, 'app', NOW)).toBeUndefined();

          const next = await insertRepository(tx, 'app');
          expect(next.id).toBeGreaterThan(app.id);
          expect(await tx.images.hasAny(next.id)).toBe(false);
          expect(await tx.repositories.resourceTags(next.id)).toEqual([]);
          await tx.repositories.markDeleted(next.id, NOW + 1, NOW + 51);
          expect((await tx.repositories.findDeleted(REGISTRY, 'app', NOW + 2))?.repositoryId).toBe(next.id);

          await tx.repositories.restore(app.id);
          expect(await tx.repositories.find(REGISTRY, 'app')).toEqual(app);
          expect(await tagsOf(tx, app)).toEqual(['latest']);
          expect(await tx.repositories.resourceTags(app.id)).toHaveLength(1);
          expect((await tx.repositories.takeDismantled(NOW + 99, 9)).map((one) => one.repositoryId)).toEqual([next.id]);
        });
      },
    );

    metadataTest('that comes back finds its name taken: the database refuses', open, async (metadata) => {
      const app = await metadata.write((tx) => insertRepository(tx, 'app'));
      await metadata.write((tx) => tx.repositories.markDeleted(app.id, NOW, NOW + 50));
      await metadata.write((tx) => insertRepository(tx, 'app'));
      await expect(metadata.write((tx) => tx.repositories.restore(app.id))).rejects.toThrow();
    });

    metadataTest('that is deleted is due at once, the oldest first, and later when put off', open, async (metadata) => {
      await metadata.write(async (tx) => {
        const [a, b, c] = [
          await insertRepository(tx, 'a'),
          await insertRepository(tx, 'b'),
          await insertRepository(tx, 'c'),
        ];
        await tx.repositories.markDeleted(b.id, NOW + 10, NOW + 99);
        await tx.repositories.markDeleted(a.id, NOW + 20, NOW + 99);
        const due = async (now: number, limit = 9) =>
          (await tx.repositories.takeDismantled(now, limit)).map((one) => one.repositoryId);
        expect(await due(NOW + 9)).toEqual([]);
        expect(await due(NOW + 20)).toEqual([b.id, a.id]);
        expect(await due(NOW + 20, 1)).toEqual([b.id]);
        await tx.repositories.postponeDismantling(b.id, NOW + 30);
        expect(await due(NOW + 29)).toEqual([a.id]);
        expect(await due(NOW + 30)).toEqual([a.id, b.id]);
        expect(c.id).toBeGreaterThan(b.id);
      });
    });

    metadataTest(
      'loses its row when nothing is left of it, and its number is never used again',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const app = await insertRepository(tx, 'app');
          const blob = await insertBlob(tx, 'layer');
          const image = await insertImage(tx, app, 'sha256:a', { blobs: [blob] });
          await tx.repositories.putResourceTags(app.id, [{ key: 'a', value: '1' }]);
          await tx.repositories.markDeleted(app.id, NOW, NOW);
          expect(await tx.repositories.deleteEmpty(app.id)).toBe(false);
          await deleteImages(tx, app, [image]);
          expect(await tx.repositories.deleteEmpty(app.id)).toBe(false);
          await purgeImages(tx);
          expect(await tx.repositories.deleteEmpty(app.id)).toBe(false);
          await tx.links.remove(scopeOf(app), [blob.id]);
          expect(await tx.repositories.deleteEmpty(app.id)).toBe(true);
          expect(await tx.repositories.takeDismantled(NOW + 99, 9)).toEqual([]);
          expect(await tx.repositories.resourceTags(app.id)).toEqual([]);
          expect((await insertRepository(tx, 'app')).id).toBeGreaterThan(app.id);
        });
      },
    );
  });

  describe(`${name}: a secret`, () => {
    metadataTest('is the one that was put first, also for the next process', open, async (metadata, store) => {
      const put = (value: string) => metadata.write((tx) => tx.secrets.getOrPut('key', Buffer.from(value)));
      expect(Buffer.from(await put('first')).toString()).toBe('first');
      expect(Buffer.from(await put('second')).toString()).toBe('first');
      expect(Buffer.from(await metadata.write((tx) => tx.secrets.getOrPut('other', Buffer.from('x')))).toString()).toBe(
        'x',
      );
      const reopened = await store.reopen();
      const again = await reopened.write((tx) => tx.secrets.getOrPut('key', Buffer.from('third')));
      expect(Buffer.from(again).toString()).toBe('first');
    });
  });
}
