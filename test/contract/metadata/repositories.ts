import { describe, expect } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';
import {
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
      expect(created).toEqual({ id: expect.any(Number), ...put });
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
      'goes with everything that hangs on it, and its number is never used again',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          const { id } = await insertRepository(tx, 'app');
          const blobId = await insertBlob(tx, 'layer');
          await tx.blobs.link(id, blobId, NOW);
          const child = await insertImage(tx, id, 'sha256:child', { blobIds: [blobId] });
          const parent = await insertImage(tx, id, 'sha256:parent', { childIds: [child] });
          await insertImage(tx, id, 'sha256:grandparent', { childIds: [parent] });
          await putTags(tx, id, parent, 'latest');
          await tx.repositories.putResourceTags(id, [{ key: 'a', value: '1' }]);
          await tx.uploads.insert({ id: 'u', repositoryId: id, storageKey: ids.storageKey(), expiresAt: NOW });
          expect(await tx.images.hasAny(id)).toBe(true);

          await tx.images.deleteAll(id);
          expect(await tx.images.hasAny(id)).toBe(false);
          await tx.repositories.delete(id);
          const next = await insertRepository(tx, 'app');
          expect(next.id).toBeGreaterThan(id);
          for (const repositoryId of [id, next.id]) {
            expect(await tx.images.hasAny(repositoryId)).toBe(false);
            expect(await tx.tags.list(repositoryId, { after: '', limit: 9 })).toEqual([]);
            expect(await tx.repositories.resourceTags(repositoryId)).toEqual([]);
            expect(await tx.uploads.find(repositoryId, 'u')).toBeUndefined();
            expect(await tx.blobs.findAll(repositoryId, ['layer'])).toEqual([]);
          }
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
