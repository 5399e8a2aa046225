import { describe, expect } from 'vitest';
import type { MetadataTransaction, MetadataView } from '../../../src/metadata/metadata-store.ts';
import { scopeOf } from '../../../src/metadata/repositories.ts';
import { ids, insertRepository, metadataTest, type OpenMetadata, REGISTRY } from './fixture.ts';

const namesIn = async (view: Pick<MetadataView, 'repositories'>) =>
  (await view.repositories.list(REGISTRY, { after: '', limit: 100 })).map((repository) => repository.name);

export function transactionsContract(name: string, open: OpenMetadata): void {
  describe(`${name}: a transaction`, () => {
    metadataTest('is seen by views once it is committed, and by the next process', open, async (metadata, store) => {
      expect(await metadata.write(async (tx) => (await insertRepository(tx, 'app')).name)).toBe('app');
      expect(await metadata.read(namesIn)).toEqual(['app']);
      const reopened = await store.reopen();
      expect(await reopened.read(namesIn)).toEqual(['app']);
    });

    metadataTest('that throws has not happened, and the error comes through', open, async (metadata, store) => {
      await metadata.write((tx) => insertRepository(tx, 'before'));
      const change = metadata.write(async (tx) => {
        await insertRepository(tx, 'first');
        await insertRepository(tx, 'second');
        throw new Error('changed my mind');
      });
      await expect(change).rejects.toThrow('changed my mind');
      expect(await metadata.read(namesIn)).toEqual(['before']);
      expect(await (await store.reopen()).read(namesIn)).toEqual(['before']);
    });

    metadataTest('that the database refuses has not happened, and the next one does', open, async (metadata) => {
      const change = metadata.write(async (tx) => {
        const repository = await insertRepository(tx, 'app');
        await tx.links.put(scopeOf(repository), { id: 999, size: 1 }, 0);
      });
      await expect(change).rejects.toThrow();
      await metadata.write((tx) => insertRepository(tx, 'next'));
      expect(await metadata.read(namesIn)).toEqual(['next']);
    });

    metadataTest('that is refused for a change whose answer nobody needed says why', open, async (metadata) => {
      const upload = (id: string) => ({ id, repositoryId: 999, storageKey: ids.storageKey(), expiresAt: 0 });
      for (const goOn of [false, true]) {
        const change = metadata.write(async (tx) => {
          await insertRepository(tx, 'app');
          await tx.uploads.insert(upload('u'));
          if (goOn) await namesIn(tx);
        });
        await expect(change).rejects.toThrow(/foreign key/i);
      }
      await metadata.write((tx) => insertRepository(tx, 'next'));
      expect(await metadata.read(namesIn)).toEqual(['next']);
    });

    metadataTest('sees its own changes, and nobody else does before it ends', open, async (metadata) => {
      const changed = Promise.withResolvers<void>();
      const looked = Promise.withResolvers<void>();
      const change = metadata.write(async (tx) => {
        await insertRepository(tx, 'app');
        expect(await namesIn(tx)).toEqual(['app']);
        changed.resolve();
        await looked.promise;
      });
      await changed.promise;
      expect(await metadata.read(namesIn)).toEqual([]);
      looked.resolve();
      await change;
      expect(await metadata.read(namesIn)).toEqual(['app']);
    });

    metadataTest(
      'that holds a repository has it to itself, and sees all that was done before',
      open,
      async (metadata) => {
        await metadata.write((tx) => insertRepository(tx, 'app'));
        const events: string[] = [];
        const changes = Array.from({ length: 20 }, (_, at) =>
          metadata.write(async (tx) => {
            const app = await tx.repositories.find(REGISTRY, 'app');
            if (!app) throw new Error('There is no repository');
            const tags = await tx.repositories.resourceTags(app.id);
            expect(tags).toHaveLength(events.length / 2);
            events.push(`begin ${at}`);
            await tx.repositories.putResourceTags(app.id, [{ key: `key-${at}`, value: '' }]);
            await new Promise(setImmediate);
            events.push(`end ${at}`);
          }),
        );
        await Promise.all(changes);
        expect(events).toHaveLength(40);
        const order = events.flatMap((event) => (event.startsWith('begin') ? [Number(event.slice(6))] : []));
        expect(events).toEqual(order.flatMap((at) => [`begin ${at}`, `end ${at}`]));
      },
    );

    metadataTest('that fails does not hold up those that wait behind it', open, async (metadata) => {
      const outcomes = await Promise.allSettled([
        metadata.write(async () => Promise.reject(new Error('first'))),
        metadata.write((tx) => insertRepository(tx, 'second')),
        metadata.write(async () => Promise.reject(new Error('third'))),
        metadata.write((tx) => insertRepository(tx, 'fourth')),
      ]);
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await metadata.read(namesIn)).toEqual(['fourth', 'second']);
    });

    metadataTest('cannot be used after its end, whether it succeeded or failed', open, async (metadata) => {
      const kept: MetadataTransaction[] = [];
      await metadata.write(async (tx) => {
        kept.push(tx);
      });
      await metadata
        .write(async (tx) => {
          kept.push(tx);
          throw new Error('failed');
        })
        .catch(() => {});
      expect(kept).toHaveLength(2);
      for (const tx of kept) {
        await expect(insertRepository(tx, 'late')).rejects.toThrow(/after its transaction had ended/);
        await expect(namesIn(tx)).rejects.toThrow(/after its transaction had ended/);
      }
      // Not even while another one is under way.
      await metadata.write(async () => {
        for (const tx of kept) await expect(insertRepository(tx, 'late')).rejects.toThrow(/had ended/);
      });
      expect(await metadata.read(namesIn)).toEqual([]);
    });
  });

  describe(`${name}: a view`, () => {
    metadataTest(
      'shows one state from its first look to its last, whatever is committed meanwhile',
      open,
      async (metadata) => {
        await metadata.write((tx) => insertRepository(tx, 'one'));
        await metadata.read(async (view) => {
          expect(await namesIn(view)).toEqual(['one']);
          await metadata.write((tx) => insertRepository(tx, 'two'));
          expect(await metadata.read(namesIn)).toEqual(['one', 'two']);
          expect(await namesIn(view)).toEqual(['one']);
        });
      },
    );

    metadataTest(
      'does not wait for a transaction that is under way, nor the other way round',
      open,
      async (metadata) => {
        await metadata.write(async (tx) => {
          await insertRepository(tx, 'app');
          const views = Array.from({ length: 10 }, () => metadata.read(namesIn));
          expect(await Promise.all(views)).toEqual(Array.from({ length: 10 }, () => []));
        });
        await metadata.read(async (view) => {
          await namesIn(view);
          await metadata.write((tx) => insertRepository(tx, 'other'));
        });
      },
    );

    metadataTest('cannot be used after its end, and gives its errors on', open, async (metadata) => {
      const views: MetadataView[] = [];
      await metadata.read(async (view) => {
        views.push(view);
      });
      for (const view of views) await expect(namesIn(view)).rejects.toThrow(/after its transaction had ended/);
      await expect(metadata.read(async () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
      expect(await metadata.read(namesIn)).toEqual([]);
    });

    metadataTest('is open to many at once', open, async (metadata) => {
      await metadata.write((tx) => insertRepository(tx, 'app'));
      const views = Array.from({ length: 100 }, () => metadata.read(namesIn));
      expect(await Promise.all(views)).toEqual(Array.from({ length: 100 }, () => ['app']));
    });
  });
}
