import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scopeOf } from '../../src/metadata/repositories.ts';
import { firstLight } from '../../src/metadata/sqlite/migrations/0001-first-light.ts';
import { deletionAtScale } from '../../src/metadata/sqlite/migrations/0002-deletion-at-scale.ts';
import { namesOutliveImages } from '../../src/metadata/sqlite/migrations/0003-names-outlive-images.ts';
import { whatRepositoriesSee } from '../../src/metadata/sqlite/migrations/0004-what-repositories-see.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { findImage, manifestsIn } from '../contract/metadata/find-image.ts';
import { deleteImages, insertImage, insertRepository, purgeImages, REGISTRY } from '../contract/metadata/fixture.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { SqliteRows } from '../support/stored/sqlite-rows.ts';
import { memoryFolder, type TempFolder } from '../support/temp-folder.ts';

const ELSEWHERE = { ...REGISTRY, region: 'eu-west-1' };

/**
 * What a Berth with the first schema left behind: `app` (1) and `other` (2) in one registry, `app` (3) in another, all with
 * the layer `shared`; a fourth repository and a ninth image were deleted, so their numbers are used up. In `app` an index
 * lists an image that has three tags, not in order of name; a signature refers to it.
 */
const ROWS = `
INSERT INTO repository (id, registry_id, region, name, created_at, tag_mutability, exclusion_filters, scan_on_push,
  encryption_type, kms_key) VALUES
  (1, '000000000000', 'us-east-1', 'app', 11, 'IMMUTABLE_WITH_EXCLUSION', '["dev-*"]', 1, 'KMS', 'key'),
  (2, '000000000000', 'us-east-1', 'other', 12, 'MUTABLE', '[]', 0, 'AES256', NULL),
  (3, '000000000000', 'eu-west-1', 'app', 13, 'MUTABLE', '[]', 0, 'AES256', NULL),
  (4, '000000000000', 'us-east-1', 'gone', 14, 'MUTABLE', '[]', 0, 'AES256', NULL);
DELETE FROM repository WHERE id = 4;
INSERT INTO resource_tag VALUES (1, 'team', 'blue');
INSERT INTO blob VALUES (1, 'sha256:shared', 100, 'aa/1', 1), (2, 'sha256:own', 10, 'aa/2', 2), (3, 'sha256:leased', 1, 'aa/3', 3),
  (4, 'sha256:config', 1000, 'aa/4', 4);
INSERT INTO repository_blob VALUES (1, 1, 50, 'layer/a'), (1, 2, 60, NULL), (1, 3, 70, NULL), (1, 4, 50, 'config/a'),
  (2, 1, 40, NULL), (3, 1, 30, 'layer/c');
INSERT INTO manifest (id, repository_id, digest, media_type, image_size, config_media_type, artifact_type, subject_digest,
  annotations, pushed_at, last_pulled_at, tagged, bytes) VALUES
  (1, 1, 'sha256:image', 'type/image', 1100, 'type/config', NULL, NULL, NULL, 21, 99, 1, x'00ff'),
  (2, 1, 'sha256:index', 'type/index', 1100, NULL, NULL, NULL, NULL, 22, NULL, 0, x'02'),
  (3, 1, 'sha256:signature', 'type/image', 10, 'type/empty', 'type/signature', 'sha256:image', '{"a":"1"}', 23, NULL, 0, x'03'),
  (4, 3, 'sha256:image', 'type/image', 100, NULL, NULL, NULL, NULL, 24, NULL, 1, x'04'),
  (9, 2, 'sha256:gone', 'type/image', 100, NULL, NULL, NULL, NULL, 25, NULL, 0, x'05');
DELETE FROM manifest WHERE id = 9;
INSERT INTO manifest_blob VALUES (1, 1, 1), (1, 4, 1), (3, 2, 1), (4, 1, 3);
INSERT INTO manifest_child VALUES (2, 1);
INSERT INTO tag VALUES (1, 'zebra', 1, 1, 31), (1, 'apple', 1, 2, 32), (1, 'mango', 1, 4, 33), (3, 'zebra', 4, 1, 34);
INSERT INTO upload VALUES ('u', 1, 'aa/5', 7, 2, 1, 3, 500);
INSERT INTO gc_candidate VALUES (3, 1, 65), (1, 2, 80);
INSERT INTO gc_trash VALUES ('aa/6', 12, 90, 3, 'EIO');
INSERT INTO secret VALUES ('key', x'0a');
PRAGMA user_version = 1;
`;

let folder: TempFolder;
let databasePath: string;
let metadata: SqliteMetadata;

beforeEach(async () => {
  folder = await memoryFolder();
  databasePath = join(folder.path, 'metadata.db');
  const database = new DatabaseSync(databasePath);
  database.exec(firstLight + ROWS);
  database.close();
  metadata = new SqliteMetadata(databasePath);
});

afterEach(async () => {
  await metadata[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe('A database of the first schema, opened by this Berth,', () => {
  test('has the repositories it had, each in its registry, with its settings', async () => {
    await metadata.read(async ({ repositories }) => {
      const names = async (registry: typeof REGISTRY) =>
        (await repositories.list(registry, { after: '', limit: 9 })).map(({ id, name }) => [id, name]);
      expect(await names(REGISTRY)).toEqual([
        [1, 'app'],
        [2, 'other'],
      ]);
      expect(await names(ELSEWHERE)).toEqual([[3, 'app']]);
      expect(await repositories.find(REGISTRY, 'app')).toEqual({
        id: 1,
        registryKey: await repositories.findRegistry(REGISTRY),
        registry: REGISTRY,
        name: 'app',
        createdAt: 11,
        tagMutability: { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['dev-*'] },
        scanOnPush: true,
        encryption: { type: 'KMS', kmsKey: 'key' },
      });
      expect(await repositories.resourceTags(1)).toEqual([{ key: 'team', value: 'blue' }]);
    });
  });

  test('answers every image as it was pushed, with its tags in the order they were pushed', async () => {
    await metadata.read(async (view) => {
      const { images } = view;
      expect(await findImage(view, 1, { tag: 'apple' })).toEqual({
        id: 1,
        digest: 'sha256:image',
        mediaType: 'type/image',
        imageSize: 1100,
        configMediaType: 'type/config',
        artifactType: undefined,
        subjectDigest: undefined,
        pushedAt: 21,
        lastPulledAt: 99,
        tags: ['zebra', 'apple', 'mango'],
      });
      expect((await manifestsIn(view)).get(1)).toEqual(Buffer.from([0, 255]));
      expect((await findImage(view, 1, { digest: 'sha256:image' }))?.id).toBe(1);
      const page = { after: undefined, limit: 9 };
      const untagged = await images.list(1, { ...page, tagged: false });
      expect(untagged.map((image) => image.digest)).toEqual(['sha256:signature', 'sha256:index']);
      expect(await images.parentsOf([1])).toEqual(new Map([[1, ['sha256:index']]]));
      expect(await images.listReferrers(1, 'sha256:image', { after: '', limit: 9, artifactTypes: [] })).toEqual([
        {
          digest: 'sha256:signature',
          mediaType: 'type/image',
          size: 1,
          artifactType: 'type/signature',
          annotations: { a: '1' },
        },
      ]);
      expect((await images.list(3, { ...page, tagged: true })).map((image) => image.id)).toEqual([4]);
    });
  });

  test('keeps each blob as long as its lease, or its date as a candidate, if that is later', async () => {
    await metadata.read(async ({ blobs }) => {
      const keptUntil = async (repositoryId: number, digest: string) =>
        (await blobs.find(repositoryId, `sha256:${digest}`))?.keepUntil;
      expect(await keptUntil(1, 'shared')).toBe(50);
      expect(await keptUntil(1, 'own')).toBe(60);
      expect(await keptUntil(1, 'leased')).toBe(70);
      expect(await keptUntil(2, 'shared')).toBe(80);
      expect((await blobs.find(3, 'sha256:shared'))?.mediaType).toBe('layer/c');
    });
    const idle = await metadata.write((tx) => tx.links.takeIdle(80, 9));
    expect(idle.map((link) => [link.repositoryId, link.blobId])).toEqual([
      [1, 3],
      [2, 1],
    ]);
  });

  test('knows what is stored, byte by byte', async () => {
    await checkCounters({ rows: new SqliteRows(databasePath) });
    await metadata.read(async ({ usage, repositories }) => {
      expect(await usage.find('repository', 1)).toEqual({
        images: 3,
        logicalBytes: 1110,
        liveBytes: 1110,
        heldBytes: 0,
        idleBytes: 1,
      });
      // The layer that `other` no longer needs is live in `app`.
      expect(await usage.find('registry', (await repositories.findRegistry(REGISTRY)) ?? 0)).toEqual({
        images: 3,
        logicalBytes: 1110,
        liveBytes: 1110,
        heldBytes: 0,
        idleBytes: 1,
      });
      expect(await usage.ofStore()).toEqual({
        blobs: { count: 4, bytes: 1111 },
        trash: { count: 1, bytes: 12 },
        uploads: { count: 1, bytes: 7 },
      });
    });
  });

  test('goes on with uploads and trash where they stood', async () => {
    await metadata.write(async (tx) => {
      expect(await tx.uploads.find(1, 'u')).toEqual({
        id: 'u',
        repositoryId: 1,
        storageKey: '5',
        offset: 7,
        parts: 2,
        hasSmallPart: true,
        lastPartSize: 3,
        expiresAt: 500,
      });
      expect(await tx.collection.takeTrash(90, 9, 90)).toEqual([{ storageKey: '6', size: 12, attempts: 3 }]);
      expect([...(await tx.secrets.getOrPut('key', new Uint8Array(1)))]).toEqual([10]);
    });
  });

  test('never gives a number again that the first schema gave', async () => {
    await metadata.write(async (tx) => {
      const repository = await insertRepository(tx, 'next');
      expect(repository.id).toBeGreaterThan(4);
      expect((await insertImage(tx, repository, 'sha256:next')).id).toBeGreaterThan(9);
    });
  });

  test('is whole: no reference leads nowhere, and deletion goes through to the last row', async () => {
    await metadata.write(async (tx) => {
      const app = await tx.repositories.find(REGISTRY, 'app');
      if (!app) throw new Error('The repository is missing');
      await deleteImages(
        tx,
        app,
        await tx.images.listTagged(app.id, { tagged: undefined, after: undefined, limit: 9 }),
      );
      while ((await purgeImages(tx)).length > 0);
      await tx.links.remove(
        scopeOf(app),
        (await tx.links.takeIdle(80, 9)).filter((link) => link.repositoryId === app.id).map((link) => link.blobId),
      );
      expect(await tx.collection.condemn([1, 2, 3, 4], 0)).toEqual({ blobs: 3, bytes: 1011 });
      await tx.uploads.delete('u');
      expect(await tx.repositories.deleteEmpty(app.id)).toBe(true);
    });
    await checkCounters({ rows: new SqliteRows(databasePath) });
  });

  test('has the schema of a database that is new, and passes every check of the database itself', async () => {
    const fresh = new SqliteMetadata(join(folder.path, 'fresh.db'));
    await fresh[Symbol.asyncDispose]();
    const before = inspect(databasePath);
    expect(before.schema).toEqual(inspect(join(folder.path, 'fresh.db')).schema);
    expect(before.problems).toEqual([{ integrity_check: 'ok' }]);
    expect(before.sequences).toEqual(['manifest', 'repository']);
  });
});

function inspect(path: string) {
  const database = new DatabaseSync(path, { readOnly: true });
  const all = (sql: string) => database.prepare(sql).all();
  const schema = all('SELECT type, name, sql FROM sqlite_schema ORDER BY name');
  const problems = [...all('PRAGMA integrity_check'), ...all('PRAGMA foreign_key_check')];
  const sequences = all('SELECT name FROM sqlite_sequence ORDER BY name').map((row) => row['name']);
  database.close();
  return { schema, problems, sequences };
}

const SECOND_ROWS = `
INSERT INTO registry VALUES (1, '${REGISTRY.id}', '${REGISTRY.region}');
INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type)
  VALUES (1, 1, 'app', 1, 'MUTABLE', '[]', 0, 'AES256');
INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes) VALUES
  (1, 1, 'sha256:b', 'type/image', 0, x'01'), (2, 1, 'sha256:a', 'type/image', 0, x'02'), (3, 1, 'sha256:gone', 'type/image', 0, x'03');
INSERT INTO image VALUES (1, 'sha256:b', 1, 1, 0, 11, 12, NULL), (1, 'sha256:a', 2, 0, 0, 13, NULL, 'sha256:b');
INSERT INTO tag VALUES (1, 'z', 'sha256:b', 1, 1, 21), (1, 'a', 'sha256:b', 1, 3, 22), (1, 'm', 'sha256:b', 1, 2, 23);
INSERT INTO deleted_image VALUES (3, 1, 'sha256:gone', 0, 14, NULL, 30, 90);
INSERT INTO deleted_tag VALUES (7, 1, 'second', 'sha256:gone', 3, 2, 24, 30, 90), (8, 1, 'first', 'sha256:gone', 3, 1, 25, 30, 90);
INSERT INTO usage VALUES ('repository', 1, 2, 0, 0, 0, 0), ('registry', 1, 2, 0, 0, 0, 0);
PRAGMA user_version = 2;
`;

describe('A database of the second schema, opened by this Berth,', () => {
  test('answers its images by digest and by tag, with their tags in order, and restores what it could restore', async () => {
    const path = join(folder.path, 'second.db');
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(firstLight + deletionAtScale + SECOND_ROWS);
    database.close();
    await using second = new SqliteMetadata(path);
    await second.write(async (tx) => {
      const page = { tagged: undefined, after: undefined, limit: 9 };
      const images = await tx.images.list(1, page);
      expect(images).toMatchObject([
        { id: 2, digest: 'sha256:a', tags: [], pushedAt: 13, lastPulledAt: undefined },
        { id: 1, digest: 'sha256:b', tags: ['z', 'm', 'a'], pushedAt: 11, lastPulledAt: 12 },
      ]);
      for (const reference of [{ digest: 'sha256:b' }, { tag: 'm' }]) {
        expect((await findImage(tx, 1, reference))?.id).toBe(1);
      }
      expect((await tx.images.listReferrers(1, 'sha256:b', { artifactTypes: [], after: '', limit: 9 })).length).toBe(1);
      const gone = await tx.graveyard.list(1, { now: 50, after: '', limit: 9 });
      expect((await tx.graveyard.tagsOf(gone)).get(3)?.map((tag) => tag.name)).toEqual(['first', 'second']);
      await tx.graveyard.restore({ repositoryId: 1, registryKey: 1 }, gone);
      expect((await findImage(tx, 1, { digest: 'sha256:gone' }))?.id).toBe(3);
    });
    await checkCounters({ rows: new SqliteRows(path) });
    expect(inspect(path).schema).toEqual(inspect(databasePath).schema);
  });
});

const THIRD_ROWS = `
INSERT INTO registry VALUES (1, '${REGISTRY.id}', '${REGISTRY.region}');
INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type)
  VALUES (1, 1, 'app', 1, 'MUTABLE', '[]', 0, 'AES256');
INSERT INTO blob VALUES (1, 'sha256:named', 100, 'k1', 1), (2, 'sha256:held', 10, 'k2', 2), (3, 'sha256:idle', 1, 'k3', 3);
INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until, media_type) VALUES
  (1, 1, 1, 100, 1, 0, 50, 'layer/a'), (1, 2, 1, 10, 0, 1, 60, NULL), (1, 3, 1, 1, 0, 0, 70, NULL);
INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes) VALUES
  (1, 1, 'sha256:a', 'type/image', 100, x'01'), (2, 1, 'sha256:gone', 'type/image', 10, x'02');
INSERT INTO manifest_blob VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO image VALUES (1, 1, 'sha256:a', '["v1"]', 100, 11, NULL, NULL);
INSERT INTO digest VALUES (1, 'sha256:a', 1);
INSERT INTO tag VALUES (1, 'v1', 1, 21);
INSERT INTO deleted_image VALUES (2, 1, 'sha256:gone', 10, 12, NULL, 30, 90, '[]');
INSERT INTO usage VALUES ('repository', 1, 1, 100, 100, 10, 1), ('registry', 1, 1, 100, 100, 10, 1);
INSERT OR REPLACE INTO store_usage VALUES ('blobs', 3, 111);
PRAGMA user_version = 3;
`;

describe('A database of the third schema, opened by this Berth,', () => {
  test('sees every blob that it saw, keeps it as long, and can hide what no live image names', async () => {
    const path = join(folder.path, 'third.db');
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(firstLight + deletionAtScale + namesOutliveImages + THIRD_ROWS);
    database.close();
    await using third = new SqliteMetadata(path);
    const digests = ['sha256:named', 'sha256:held', 'sha256:idle'];
    await third.write(async (tx) => {
      const seen = async () => (await tx.blobs.findAll(1, digests)).map(({ id, keepUntil }) => [id, keepUntil]);
      expect(await seen()).toEqual([
        [1, 50],
        [2, 60],
        [3, 70],
      ]);
      expect((await findImage(tx, 1, { tag: 'v1' }))?.tags).toEqual(['v1']);
      for (const id of [2, 3]) await tx.links.hide(1, id, 40);
      expect(await seen()).toEqual([[1, 50]]);
      expect((await tx.links.takeIdle(40, 9)).map((link) => link.blobId)).toEqual([3]);
      const gone = await tx.graveyard.find(1, 'sha256:gone', 50);
      await tx.graveyard.restore({ repositoryId: 1, registryKey: 1 }, gone ? [gone] : []);
      expect(await seen()).toEqual([
        [1, 50],
        [2, 40],
      ]);
    });
    await checkCounters({ rows: new SqliteRows(path) });
    expect(inspect(path).schema).toEqual(inspect(databasePath).schema);
  });
});

describe('A database of the fourth schema, opened by this Berth,', () => {
  test('goes on with its uploads, whose bytes are under their keys', async () => {
    const path = join(folder.path, 'fourth.db');
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(firstLight + deletionAtScale + namesOutliveImages + whatRepositoriesSee);
    database.exec(`
      INSERT INTO registry VALUES (1, '${REGISTRY.id}', '${REGISTRY.region}');
      INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type)
        VALUES (1, 1, 'app', 1, 'MUTABLE', '[]', 0, 'AES256');
      INSERT INTO upload VALUES ('u', 1, 'k5', 7, 2, 1, 3, 500);
      INSERT OR REPLACE INTO store_usage VALUES ('uploads', 1, 7);
      PRAGMA user_version = 4`);
    database.close();
    await using fourth = new SqliteMetadata(path);
    await fourth.write(async (tx) => {
      const upload = await tx.uploads.find(1, 'u');
      if (!upload) throw new Error('The upload is missing');
      expect(upload).toMatchObject({ storageKey: 'k5', offset: 7, state: undefined });
      const names = [{ storageKey: upload.storageKey, size: 9 }];
      expect(await tx.uploads.advance(upload, { ...upload, offset: 9 }, names)).toEqual([]);
      expect(await tx.uploads.delete('u')).toEqual(names);
    });
    await checkCounters({ rows: new SqliteRows(path) });
    expect(inspect(path).schema).toEqual(inspect(databasePath).schema);
  });
});
