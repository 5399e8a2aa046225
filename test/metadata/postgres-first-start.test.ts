import { afterAll, describe, expect, test } from 'vitest';
import { migratePostgres, readVersions } from '../../src/metadata/postgres/migrate.ts';
import { MIGRATIONS } from '../../src/metadata/postgres/migrations.ts';
import { reach } from '../../src/metadata/postgres/reach.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

const databases = new Databases();
afterAll(() => databases[Symbol.asyncDispose]());

describe.skipIf(NO_POSTGRES !== undefined)('An empty database', () => {
  test('is given all tables at once: whoever looks meanwhile sees none of them or all', async () => {
    const url = await (await databases.cluster()).freshDatabase();
    const seen: Promise<number>[] = [];
    const look = () => reach(url, async (client) => (await readVersions(client)).length);
    await migratePostgres(url, () => seen.push(look()));
    expect(await Promise.all(seen)).toEqual(MIGRATIONS.map(() => MIGRATIONS.length));
  });

  test('may be the first one of many processes that start together', async () => {
    const url = await (await databases.cluster()).freshDatabase();
    const opened = await Promise.all(Array.from({ length: 8 }, () => openPostgres(url)));
    for (const metadata of opened) {
      expect(await metadata.read((view) => view.usage.ofStore())).toMatchObject({ blobs: { count: 0 } });
      await metadata[Symbol.asyncDispose]();
    }
  });
});
