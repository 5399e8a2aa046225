import { afterAll, describe, expect, test } from 'vitest';
import type { Lookups } from '../../src/metadata/lookups.ts';
import type { PostgresMetadata } from '../../src/metadata/postgres/postgres-metadata.ts';
import { scopeOf } from '../../src/metadata/repositories.ts';
import { digestOf } from '../../src/model/digest.ts';
import { StoreUnavailable } from '../../src/model/store-unavailable.ts';
import { insertBlob, insertImage, insertRepository, NOW, putTags, REGISTRY } from '../contract/metadata/fixture.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const inRepository = (repositoryName: string) => ({ registry: REGISTRY, repositoryName });
/** In JSON, PostgreSQL takes no text that has this. */
const REFUSED = '\u0000';

describe.skipIf(NO_POSTGRES)('On PostgreSQL, lookups that come together', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  /** Two repositories that have an image and a blob each, and the statements that run from then on. */
  async function opened(options: Parameters<typeof openPostgres>[1] = {}) {
    const statements: string[] = [];
    const metadata = await openPostgres(await databases.fresh(), {
      onQuery: (sql) => statements.push(sql),
      ...options,
    });
    for (const name of ['one', 'two']) {
      await metadata.write(async (tx) => {
        const repository = await insertRepository(tx, name);
        await putTags(tx, repository, await insertImage(tx, repository, `sha256:image-of-${name}`), 'latest');
        await tx.links.put(scopeOf(repository), await insertBlob(tx, `blob-of-${name}`), NOW);
      });
    }
    statements.length = 0;
    return { metadata, statements };
  }

  const tagged = (metadata: PostgresMetadata, name: string, tag = 'latest') =>
    metadata.lookUp(async (lookups) =>
      (await lookups.images(inRepository(name), [{ tag }]))?.map(({ image }) => image.digest),
    );

  test('are one statement for sixteen of a kind, and each has its own answer', async () => {
    const { metadata, statements } = await opened();
    await using _ = metadata;
    const answers = Array.from({ length: 40 }, (__, turn) => {
      const name = ['one', 'two', 'none'][turn % 3] ?? '';
      return turn % 2 === 0 ? tagged(metadata, name) : metadata.lookUp((all) => all.upload(inRepository(name), 'u'));
    });
    for (const [turn, answer] of (await Promise.all(answers)).entries()) {
      const name = ['one', 'two', 'none'][turn % 3];
      const expected = turn % 2 === 0 ? [`sha256:image-of-${name}`] : { upload: undefined };
      expect(answer).toEqual(name === 'none' ? undefined : expected);
    }
    // Of twenty of a kind: sixteen, and four.
    expect(statements).toHaveLength(4);
  });

  test('of many names, of none and of some that nothing has, do not mix', async () => {
    const { metadata, statements } = await opened();
    await using _ = metadata;
    const blobs = (name: string, digests: readonly string[]) => (lookups: Lookups) =>
      lookups.blobs(inRepository(name), digests);
    const [ofOne, ofTwo] = [digestOf(Buffer.from('blob-of-one')), digestOf(Buffer.from('blob-of-two'))];
    const all = [ofOne, ofTwo, 'sha256:none'];
    const asked = [
      metadata.lookUp(blobs('one', all)),
      metadata.lookUp(blobs('two', all)),
      metadata.lookUp(blobs('one', [])),
      metadata.lookUp(blobs('none', all)),
    ];
    expect(await Promise.all(asked)).toMatchObject([[{ digest: ofOne }], [{ digest: ofTwo }], [], undefined]);
    expect(statements).toHaveLength(1);
  });

  test('see what was committed before they came, whoever else is on the way', async () => {
    const { metadata } = await opened();
    await using _ = metadata;
    const earlier = Array.from({ length: 10 }, () => tagged(metadata, 'three'));
    await metadata.write(async (tx) => {
      const repository = await insertRepository(tx, 'three');
      await putTags(tx, repository, await insertImage(tx, repository, 'sha256:three'), 'latest');
    });
    expect(await tagged(metadata, 'three')).toEqual(['sha256:three']);
    for (const answer of await Promise.all(earlier)) expect([undefined, ['sha256:three']]).toContainEqual(answer);
  });

  test('and one of which is refused, are asked once more, each by itself', async () => {
    const { metadata, statements } = await opened({ pool: 1 });
    await using _ = metadata;
    const asked = ['latest', REFUSED, 'latest'].map((tag) => tagged(metadata, 'one', tag));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(statements).toHaveLength(1 + 3);
    // Their one connection is still good, and has been given back.
    expect(await tagged(metadata, 'one')).toEqual(['sha256:image-of-one']);
    await expect.poll(() => metadata.pool).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  test('when there is no connection to be had, all hear of it, and those who come later are served', async () => {
    const { metadata } = await opened({ pool: 1, connectTimeout: 50 });
    await using _ = metadata;
    await metadata.read(async (view) => {
      await view.repositories.find(REGISTRY, 'one');
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => tagged(metadata, 'one')));
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
      }
    });
    expect(await tagged(metadata, 'one')).toEqual(['sha256:image-of-one']);
  });
});
