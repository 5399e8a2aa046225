import { afterAll, describe, expect, test } from 'vitest';
import { migratePostgres } from '../../src/metadata/postgres/migrate.ts';
import { MIGRATIONS, type Migration } from '../../src/metadata/postgres/migrations.ts';
import { insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { Databases, inDatabase, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';
import { PostgresRows } from '../support/stored/postgres-rows.ts';
import { useViews, useWriters } from './every-statement.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const databases = new Databases();
afterAll(() => databases[Symbol.asyncDispose]());

const PATIENTLY = { timeout: 60_000 };

/** A next version that changes every table in a way that this version may live with. */
async function nextOf(url: string): Promise<readonly Migration[]> {
  await using rows = new PostgresRows(url);
  const changes = (await rows.tables()).map(
    (table) => `ALTER TABLE ${table} ADD COLUMN of_next_version BIGINT DEFAULT 7`,
  );
  const sql = [...changes, 'CREATE TABLE of_next_version (id BIGINT)', 'CREATE INDEX next_index ON tag (tagged_at)'];
  return [
    ...MIGRATIONS,
    { name: 'next', note: 'adds to every table', sql: sql.join('; '), worksWith: MIGRATIONS.length },
  ];
}

describe.skipIf(NO_POSTGRES !== undefined)('While a PostgreSQL database is migrated,', () => {
  test('a process of the version before goes on, with statements that it has prepared long ago', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url);
    // Everything is prepared, on as many connections as there are.
    await metadata.write(useWriters);
    const look = () => metadata.read(useViews);
    await Promise.all(Array.from({ length: 8 }, look));
    let over = false;
    let made = 0;
    const works = async (worker: number) => {
      while (!over) {
        const name = `repository-${worker}-${made++}`;
        const { id } = await metadata.write((tx) => insertRepository(tx, name));
        expect((await metadata.read((view) => view.repositories.find(REGISTRY, name)))?.id).toBe(id);
        await look();
      }
    };
    const working = Promise.all([1, 2, 3, 4].map(works));
    await expect.poll(() => made, PATIENTLY).toBeGreaterThan(20);
    await migratePostgres(url, undefined, await nextOf(url));
    const before = made;
    await expect.poll(() => made, PATIENTLY).toBeGreaterThan(before + 50);
    over = true;
    await working;
    await Promise.all(Array.from({ length: 8 }, look));
  });

  test('whoever holds a table is waited for, and nobody waits behind the migration for long', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url);
    const { id } = await metadata.write((tx) => insertRepository(tx, 'app'));
    const migrations = await nextOf(url);
    const slowest = await inDatabase(url, async (client) => {
      await client.query('BEGIN; SELECT * FROM repository');
      let over = false;
      const migrating = migratePostgres(url, undefined, migrations).finally(() => {
        over = true;
      });
      let longest = 0;
      // Long enough for the migration to give up waiting, and to come again.
      for (const begun = performance.now(); performance.now() - begun < 4_000; ) {
        const asked = performance.now();
        await metadata.read((view) => view.repositories.find(REGISTRY, 'app'));
        longest = Math.max(longest, performance.now() - asked);
      }
      expect(over).toBe(false);
      await client.query('COMMIT');
      await migrating;
      return longest;
    });
    expect(slowest).toBeLessThan(3_500);
    expect((await metadata.read((view) => view.repositories.find(REGISTRY, 'app')))?.id).toBe(id);
    await using rows = new PostgresRows(url);
    expect(await rows.query('SELECT of_next_version FROM repository')).toEqual([{ of_next_version: 7 }]);
  });
});
