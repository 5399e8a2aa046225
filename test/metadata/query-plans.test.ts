import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetadataTransaction } from '../../src/metadata/metadata-store.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { parseDigest } from '../../src/model/digest.ts';
import {
  ids,
  insertBlob,
  insertImage,
  insertRepository,
  NOW,
  putTags,
  REGISTRY,
} from '../contract/metadata/fixture.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const DIGEST = parseDigest(`sha256:${'a'.repeat(64)}`);

let folder: TempFolder;
let database: DatabaseSync;
const statements = new Set<string>();
const unused = new Set<string>();

beforeAll(async () => {
  folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const metadata = new SqliteMetadata(path, (sql) => statements.add(sql));
  await metadata.write((tx) => useEverything(watched(tx)));
  await metadata[Symbol.asyncDispose]();
  database = new DatabaseSync(path);
});

afterAll(async () => {
  database.close();
  await folder[Symbol.asyncDispose]();
});

/** The transaction, noting in `unused` every method of its writers until it is called. */
function watched(tx: MetadataTransaction): MetadataTransaction {
  const wrap = <T extends object>(area: string, writer: T): T => {
    for (let type = Object.getPrototypeOf(writer); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
      for (const name of Object.getOwnPropertyNames(type)) if (name !== 'constructor') unused.add(`${area}.${name}`);
    }
    return new Proxy(writer, {
      get: (target, name) => {
        unused.delete(`${area}.${String(name)}`);
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  };
  return {
    repositories: wrap('repositories', tx.repositories),
    images: wrap('images', tx.images),
    tags: wrap('tags', tx.tags),
    blobs: wrap('blobs', tx.blobs),
    uploads: wrap('uploads', tx.uploads),
    collection: wrap('collection', tx.collection),
    secrets: wrap('secrets', tx.secrets),
  };
}

/** Calls every method, with every choice that changes the text of its statement. */
async function useEverything(tx: MetadataTransaction): Promise<void> {
  if (!DIGEST) throw new Error('No digest');
  const { id } = await insertRepository(tx, 'app');
  await tx.repositories.find(REGISTRY, 'app');
  await tx.repositories.list(REGISTRY, { after: '', limit: 9 });
  await tx.repositories.putTagMutability(id, { mode: 'MUTABLE', exclusionFilters: [] });
  await tx.repositories.putResourceTags(id, [{ key: 'a', value: '1' }]);
  await tx.repositories.resourceTags(id);
  await tx.repositories.deleteResourceTags(id, ['a']);

  const blobId = await insertBlob(tx, 'x');
  await tx.blobs.link(id, blobId, NOW);
  await tx.blobs.putMediaType(id, [blobId], 'type');
  await tx.blobs.find(id, DIGEST);
  await tx.blobs.findAll(id, [DIGEST]);
  await tx.blobs.findAnywhere(DIGEST);
  await tx.blobs.isReferenced(id, blobId);

  const child = await insertImage(tx, id, DIGEST, { blobIds: [blobId] });
  const parent = await insertImage(tx, id, 'sha256:parent', { childIds: [child] });
  await putTags(tx, id, child, 'a', 'b');
  await putTags(tx, id, parent, 'b');
  await tx.tags.find(id, 'a');
  await tx.tags.resolve(id, ['a']);
  await tx.tags.ofImages([child]);
  await tx.tags.countOfImage(child);
  await tx.tags.list(id, { after: '', limit: 9 });
  await tx.images.find(id, { digest: DIGEST });
  await tx.images.find(id, { tag: 'a' as never });
  await tx.images.findAll(id, [DIGEST]);
  await tx.images.manifestsOf([child]);
  await tx.images.parentsOf([child]);
  await tx.images.hasAny(id);
  await tx.images.recordPulls([child], NOW);
  for (const tagged of [undefined, true, false]) {
    await tx.images.list(id, { tagged, after: '', limit: 9 });
    await tx.images.listIdentifiers(id, { tagged, after: { digest: '', position: 0 }, limit: 9 });
  }
  for (const artifactTypes of [[], ['a'], ['a', 'b']]) {
    await tx.images.listReferrers(id, DIGEST, { artifactTypes, after: '', limit: 9 });
  }

  const storageKey = ids.storageKey();
  await tx.uploads.insert({ id: 'u', repositoryId: id, storageKey, expiresAt: NOW });
  const upload = await tx.uploads.find(id, 'u');
  if (upload) await tx.uploads.advance(upload, upload);
  await tx.uploads.listExpired(NOW, 9);
  await tx.uploads.listOfRepository(id);
  await tx.uploads.delete('u');

  await tx.collection.nominateBlobsOf([child], NOW);
  await tx.collection.nominateBlobsOfRepository(id, NOW);
  await tx.collection.nominate(id, blobId, NOW);
  await tx.collection.listDue(NOW, 9);
  await tx.collection.postponeToLease(id, [blobId]);
  await tx.collection.discard({ storageKey, size: 1, notBefore: NOW });
  await tx.collection.listTrash(NOW, 9);
  await tx.collection.postponeTrash({ storageKey, notBefore: NOW, error: 'x' });
  await tx.collection.forgetTrash([{ storageKey, attempts: 1 }]);
  await tx.tags.delete(id, ['a']);
  await tx.images.delete([parent]);
  await tx.images.deleteAll(id);
  await tx.collection.unlink(id, [blobId]);
  await tx.collection.forget(id, [blobId]);
  await tx.collection.condemn([blobId], NOW);
  await tx.repositories.delete(id);
  await tx.secrets.getOrPut('key', new Uint8Array(1));
}

function planOf(sql: string): string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map((row) => String(row['detail']));
}

/** Steps that read a whole table or index, rather than a list that was sent along or a single computed row. */
function scansOf(sql: string): string[] {
  const plan = planOf(sql);
  return plan.filter((step) => {
    const name = /^SCAN (\S+)/.exec(step)?.[1];
    const computed = plan.includes(`CO-ROUTINE ${name}`) || plan.includes(`MATERIALIZE ${name}`);
    return name !== undefined && !computed && !/VIRTUAL TABLE|^SCAN CONSTANT ROW/.test(step);
  });
}

describe('The plan of every statement', () => {
  test('is looked at: every method was called, and every statement has a plan', () => {
    expect([...unused]).toEqual([]);
    expect(statements.size).toBeGreaterThan(50);
    const planless = [...statements].filter((sql) => planOf(sql).length === 0 && !/^insert into .* values/i.test(sql));
    expect(planless).toEqual([]);
    expect(scansOf('SELECT * FROM manifest')).toEqual(['SCAN manifest']);
    expect(scansOf('SELECT count(*) FROM tag')).not.toEqual([]);
  });

  test('reads no table from end to end', () => {
    const scanning = [...statements].flatMap((sql) => scansOf(sql).map((step) => ({ step, sql })));
    expect(scanning).toEqual([]);
  });

  test('finds what a list names, and where a page begins, without looking through the repository', () => {
    const reading = [...statements]
      .filter((sql) => /json_each| limit \?/.test(sql) && !/select "id" from "manifest" .* limit/.test(sql))
      .flatMap((sql) => planOf(sql).flatMap((step) => (/\(repository_id=\?\)/.test(step) ? [{ step, sql }] : [])));
    expect(reading).toEqual([]);
    expect(planOf('SELECT * FROM tag WHERE repository_id = ?').join()).toContain('(repository_id=?)');
  });

  test('sorts nothing when only a page is wanted: the rows come in order from an index', () => {
    const paged = [...statements].filter((sql) => / limit \?/i.test(sql));
    expect(paged.length).toBeGreaterThan(10);
    const sorting = paged.flatMap((sql) =>
      planOf(sql)
        .filter((step) => /TEMP B-TREE/.test(step))
        .map((step) => ({ step, sql })),
    );
    expect(sorting).toEqual([]);
  });

  test('does not depend on how long a list is: the texts of statements are few', async () => {
    const seen = new Set<string>();
    const metadata = new SqliteMetadata(join(folder.path, 'other.db'), (sql) => seen.add(sql));
    await metadata.write(async (tx) => {
      const lists = async (length: number) => {
        const numbers = Array.from({ length }, (_, at) => at);
        const names = numbers.map(String);
        await tx.tags.resolve(1, names);
        await tx.tags.ofImages(numbers);
        await tx.tags.delete(1, names);
        await tx.images.findAll(1, names);
        await tx.images.parentsOf(numbers);
        await tx.images.delete(numbers);
        await tx.images.listReferrers(1, '', { artifactTypes: names, after: '', limit: 9 });
        await tx.repositories.deleteResourceTags(1, names);
        await tx.blobs.findAll(1, names);
        await tx.collection.nominateBlobsOf(numbers, NOW);
      };
      await lists(1);
      const few = seen.size;
      expect(few).toBe(10);
      await lists(50_000);
      expect(seen.size).toBe(few);
    });
    await metadata[Symbol.asyncDispose]();
  });
});

test('Every foreign key can be followed backwards through an index, so that a deletion reads no more than it deletes', () => {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const keys = tables.flatMap(({ name: table }) =>
    database
      .prepare('SELECT "from" AS col FROM pragma_foreign_key_list(?)')
      .all(String(table))
      .map(({ col }) => ({ table: String(table), column: String(col) })),
  );
  expect(keys.length).toBeGreaterThan(10);
  for (const { table, column } of keys) {
    const plan = planOf(`DELETE FROM ${table} WHERE ${column} = ?`);
    expect(plan.length).toBeGreaterThan(0);
    // The plan has the look-ups in the tables that point here, too.
    for (const step of plan) expect(step, `${table}.${column}`).toMatch(/^SEARCH .* USING/);
  }
});
