import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { CARRIED, carried, USAGE } from '../../src/metadata/carried-tables.ts';
import { getEmbedded } from '../support/stored/embedded.ts';
import { openStores } from '../support/stores.ts';

/** What stays where it is when a store moves. */
const LEFT = ['gc_trash', 'secret', 'store_usage', 'upload', 'upload_name'];

test('Every table of the database is carried, column by column, or known to be left', async () => {
  await using stores = await openStores();
  const database = new DatabaseSync(getEmbedded(stores).databasePath, { readOnly: true });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map((row) => String(row['name']));
  expect([...CARRIED.map(({ name }) => name as string), 'usage', ...LEFT].sort()).toEqual(tables.sort());
  for (const { name, columns, key } of [...CARRIED, USAGE]) {
    const described = database.prepare(`PRAGMA table_info(${name})`).all();
    expect([...columns].sort(), name).toEqual(described.map((row) => String(row['name'])).sort());
    const keys = described.filter((row) => row['pk'] !== 0).sort((a, b) => Number(a['pk']) - Number(b['pk']));
    expect(key, name).toEqual(keys.map((row) => String(row['name'])));
  }
  database.close();
});

test('Every table comes after those that its rows refer to', async () => {
  await using stores = await openStores();
  const database = new DatabaseSync(getEmbedded(stores).databasePath, { readOnly: true });
  const order = CARRIED.map(({ name }) => name as string);
  const early = order.flatMap((name, at) => {
    const parents = database.prepare(`PRAGMA foreign_key_list(${name})`).all();
    return parents
      .filter((row) => order.indexOf(String(row['table'])) > at)
      .map((row) => `${name} before ${row['table']}`);
  });
  database.close();
  expect(early).toEqual([]);
});

test('Rows with much in them come a few at a time, and one that is larger by itself', async () => {
  await using stores = await openStores();
  const { metadata } = stores.ports;
  const [manifest, repository, registry] = [carried('manifest'), carried('repository'), carried('registry')];
  const MIB = 1024 * 1024;
  const sizes = [1, 1, 1, 5, 3, 2, 0].map((mib) => mib * MIB);
  await metadata.write(async (tx) => {
    await tx.transfer.insert(registry, [{ id: 1, account_id: '000000000000', region: 'us-east-1' }]);
    const settings = { tag_mutability: 'MUTABLE', exclusion_filters: '[]', scan_on_push: 0, encryption_type: 'AES256' };
    const none = { kms_key: null, deleted_at: null, purge_at: null, dismantle_at: null };
    await tx.transfer.insert(repository, [{ id: 1, registry_id: 1, name: 'app', created_at: 1, ...settings, ...none }]);
    const nothing = { config_media_type: null, artifact_type: null, subject_digest: null, annotations: null };
    await tx.transfer.insert(
      manifest,
      sizes.map((size, at) => ({
        id: at + 1,
        repository_id: 1,
        digest: `sha256:${at}`,
        media_type: 'type',
        bytes: new Uint8Array(size),
        image_size: 0,
        ...nothing,
      })),
    );
  });
  const pages: number[][] = [];
  await metadata.read(async (view) => {
    let page = await view.transfer.list(manifest, undefined, 100);
    for (; page.length > 0; page = await view.transfer.list(manifest, page.at(-1), 100)) {
      pages.push(page.map((row) => Number(row['id'])));
    }
  });
  expect(pages).toEqual([[1, 2, 3], [4], [5], [6, 7]]);
});
