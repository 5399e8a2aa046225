import { afterAll, describe, expect, test } from 'vitest';
import { migratePostgres, planMigration } from '../../src/metadata/postgres/migrate.ts';
import { MIGRATIONS, type Migration } from '../../src/metadata/postgres/migrations.ts';
import { prepareSchema } from '../../src/metadata/postgres/prepare-schema.ts';
import { SchemaAhead, SchemaBehind } from '../../src/metadata/postgres/schema-version.ts';
import type { Digest } from '../../src/model/digest.ts';
import { findImage, manifestsIn } from '../contract/metadata/find-image.ts';
import { ids, insertImage, insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { Databases, inDatabase, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { PostgresRows } from '../support/stored/postgres-rows.ts';
import type { Row } from '../support/stored/rows.ts';
import { ROWS_OF_VERSION_1 } from './rows-of-version-1.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const databases = new Databases();
afterAll(() => databases[Symbol.asyncDispose]());

const FIRST = MIGRATIONS.slice(0, 1);
const TARGET = MIGRATIONS.length;
const empty = async () => (await databases.cluster()).freshDatabase();

/** A next version that nobody has made yet. */
const next = (sql: string, worksWith: number): readonly Migration[] => [
  ...MIGRATIONS,
  { name: 'next', note: 'what the next version needs', sql, worksWith },
];

/** A database of the first schema with rows in every table. */
async function ofVersion1(): Promise<string> {
  const url = await empty();
  await migratePostgres(url, undefined, FIRST);
  await inDatabase(url, (client) => client.query(ROWS_OF_VERSION_1));
  return url;
}

/** What the database says of its tables, columns, indexes and constraints. */
async function schemaOf(url: string): Promise<unknown[]> {
  await using rows = new PostgresRows(url);
  const looks = [
    `SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, generation_expression
      FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
    `SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    `SELECT version, name, works_with FROM schema_version ORDER BY version`,
  ];
  const seen: unknown[] = [];
  for (const look of looks) seen.push(await rows.query(look));
  return seen;
}

async function versionsOf(url: string): Promise<unknown[]> {
  await using rows = new PostgresRows(url);
  return (await rows.query('SELECT version FROM schema_version ORDER BY version')).map(({ version }) => version);
}

describe.skipIf(NO_POSTGRES !== undefined)('A PostgreSQL database', () => {
  test('that is empty is brought up to date, and one that is up to date is left as it is', async () => {
    const url = await empty();
    expect(await planMigration(url)).toMatchObject({ current: 0, target: TARGET });
    const steps: number[] = [];
    await migratePostgres(url, ({ version }) => steps.push(version));
    expect(steps).toEqual(MIGRATIONS.map((_, at) => at + 1));
    const before = await schemaOf(url);
    expect((await migratePostgres(url, () => steps.push(0))).pending).toEqual([]);
    expect(steps).toHaveLength(TARGET);
    expect(await schemaOf(url)).toEqual(before);
  });

  test('of the first schema is the same as a new one when it has been migrated, and keeps every row', async () => {
    const url = await ofVersion1();
    await using rows = new PostgresRows(url);
    const tables = await rows.tables();
    const before: Row[][] = [];
    for (const table of tables) before.push(await rows.query(`SELECT * FROM ${table} ORDER BY 1, 2`));
    expect(tables.filter((_, at) => before[at]?.length === 0)).toEqual([]);
    expect((await planMigration(url)).pending).toMatchObject(
      MIGRATIONS.slice(1).map(({ name }, at) => ({ name, version: at + 2, online: true })),
    );

    await migratePostgres(url);
    const fresh = await empty();
    await migratePostgres(fresh);
    expect(await schemaOf(url)).toEqual(await schemaOf(fresh));
    for (const [at, table] of tables.entries()) {
      expect(await rows.query(`SELECT * FROM ${table} ORDER BY 1, 2`), table).toMatchObject(before[at] ?? []);
    }
    expect(await rows.problems()).toEqual([]);
    await checkCounters({ rows });
  });

  test('of the first schema works with this Berth when it has been migrated', async () => {
    const url = await ofVersion1();
    await migratePostgres(url);
    await using metadata = await openPostgres(url);
    await metadata.read(async (view) => {
      const { repositories, images, blobs, graveyard } = view;
      expect(await repositories.find(REGISTRY, 'app')).toMatchObject({
        id: 1,
        createdAt: 11,
        tagMutability: { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusionFilters: ['dev-*'] },
        encryption: { type: 'KMS', kmsKey: 'key' },
      });
      expect(await repositories.resourceTags(1)).toEqual([{ key: 'team', value: 'blue' }]);
      expect(await findImage(view, 1, { tag: 'v2' })).toMatchObject({
        id: 1,
        digest: 'sha256:a',
        tags: ['v1', 'v2'],
        lastPulledAt: 99,
      });
      expect((await manifestsIn(view)).get(1)).toEqual(Buffer.from([0, 255]));
      expect(await images.parentsOf([1])).toEqual(new Map([[1, ['sha256:index']]]));
      expect((await blobs.find(1, 'sha256:idle'))?.keepUntil).toBe(70);
      expect((await graveyard.list(1, { now: 50, after: '', limit: 9 })).map(({ digest }) => digest)).toEqual([
        'sha256:gone',
      ]);
    });
    await metadata.write(async (tx) => {
      const upload = await tx.uploads.find(1, 'u');
      expect(upload).toMatchObject({ offset: 7, parts: 2, hasSmallPart: true, lastPartSize: 3, state: undefined });
      if (!upload) throw new Error('The upload is missing');
      const name = { storageKey: ids.storageKey(), size: 8 };
      expect(await tx.uploads.advance(upload, { ...upload, offset: 8, state: 'noted' }, [name])).toEqual([]);
      expect(await tx.uploads.delete('u')).toEqual([name]);
      expect(await tx.collection.takeTrash(90, 9, 90)).toEqual([{ storageKey: 'k5', size: 12, attempts: 3 }]);
      expect([...(await tx.secrets.getOrPut('key', new Uint8Array(1)))]).toEqual([10]);
      const repository = await insertRepository(tx, 'next');
      expect(repository.id).toBeGreaterThan(4);
      expect((await insertImage(tx, repository, 'sha256:next')).id).toBeGreaterThan(9);
      const gone = await tx.graveyard.find(1, 'sha256:gone' as Digest, 50);
      await tx.graveyard.restore({ repositoryId: 1, registryKey: 1 }, gone ? [gone] : []);
      expect((await findImage(tx, 1, { digest: 'sha256:gone' }))?.id).toBe(2);
    });
    await using rows = new PostgresRows(url);
    await checkCounters({ rows });
  });

  test('that several processes migrate at once is migrated once, and all of them find it done', async () => {
    const url = await ofVersion1();
    const steps: number[] = [];
    const plans = await Promise.all(
      Array.from({ length: 4 }, () => migratePostgres(url, ({ version }) => steps.push(version))),
    );
    expect(steps).toEqual(MIGRATIONS.slice(1).map((_, at) => at + 2));
    expect(plans.filter(({ pending }) => pending.length > 0)).toHaveLength(1);
    expect(await versionsOf(url)).toEqual(MIGRATIONS.map((_, at) => at + 1));
  });

  test('keeps nothing of a step that fails, and everything of those before it', async () => {
    const url = await ofVersion1();
    const failing = next('CREATE TABLE half (id BIGINT); INSERT INTO half VALUES (1); SELECT 1 / 0', 1);
    const steps: number[] = [];
    await expect(migratePostgres(url, ({ version }) => steps.push(version), failing)).rejects.toThrow(
      /division by zero/,
    );
    expect(steps).toEqual(MIGRATIONS.slice(1).map((_, at) => at + 2));
    expect(await versionsOf(url)).toEqual(MIGRATIONS.map((_, at) => at + 1));
    await using rows = new PostgresRows(url);
    expect(await rows.tables()).not.toContain('half');
    // The one that has been put right is applied.
    await migratePostgres(url, undefined, next('CREATE TABLE half (id BIGINT)', 1));
    expect(await rows.tables()).toContain('half');
  });

  test('is not served while it is behind, nor when it is ahead of what this Berth works with', async () => {
    const url = await ofVersion1();
    await expect(openPostgres(url)).rejects.toThrow(SchemaBehind);
    expect(await versionsOf(url)).toEqual([1]);
    await migratePostgres(url);
    await migratePostgres(url, undefined, next('DROP TABLE orphaned_subject', TARGET + 1));
    await expect(openPostgres(url)).rejects.toThrow(SchemaAhead);
    await expect(migratePostgres(url)).rejects.toThrow(SchemaAhead);
    await expect(prepareSchema(url, next('', TARGET + 1))).resolves.toBeUndefined();
  });

  test('that is newer is served all the same when it says that it works with this Berth', async () => {
    const url = await empty();
    await migratePostgres(url, undefined, next('ALTER TABLE tag ADD COLUMN kind TEXT', TARGET));
    await using metadata = await openPostgres(url);
    await metadata.write(async (tx) => {
      await insertRepository(tx, 'app');
    });
    expect(await metadata.read((view) => view.repositories.find(REGISTRY, 'app'))).toBeDefined();
  });
});
