import { expect } from 'vitest';
import { checkStores } from '../check-stores.ts';
import { collect } from '../collect.ts';
import { checkCounters } from '../recount-usage.ts';
import type { Row } from '../stored/rows.ts';
import { HOUR, type Stores } from '../stores.ts';

/** Longer than every lease, grace, window and wait together. */
const LATER = 30 * 24 * HOUR;

/** What is only there for a time, and has to be gone when that is over. */
const PASSING = ['deleted_image', 'deleted_tag', 'orphaned_subject', 'upload', 'upload_name', 'gc_trash'];

/**
 * Asserts that the stores are in order, now and when everything that is kept for a time has had its time, and that nothing is
 * left then but what live images name: no bytes, and no rows.
 */
export async function settle(stores: Stores): Promise<void> {
  await checkStores(stores);
  await checkCounters(stores);
  const { images: before } = await look(stores);
  for (let round = 0; round < 2; round++) {
    stores.clock.advance(LATER);
    await collect(stores.ports);
  }
  await checkStores(stores);
  await checkCounters(stores);
  const { images, blobs, leftovers } = await look(stores);
  expect(before).toEqual(expect.arrayContaining(images));
  expect(leftovers).toEqual([]);
  expect([...(await stores.bytes.sizes()).keys()].sort()).toEqual(blobs.sort());
}

async function look({ rows, bytes }: Stores) {
  const images = await rows.query(
    'SELECT repository_id, digest FROM image WHERE repository_id IN (SELECT id FROM repository WHERE deleted_at IS NULL)',
  );
  const blobs = await rows.query(
    `SELECT DISTINCT storage_key FROM image JOIN manifest_blob AS named ON named.manifest_id = image.manifest_id
      JOIN blob ON blob.id = named.blob_id ORDER BY 1`,
  );
  const leftovers = [
    ...PASSING.map((table) => `SELECT '${table}' AS leftover, ${table}.* FROM ${table}`),
    "SELECT 'repository' AS leftover, repository.* FROM repository WHERE deleted_at IS NOT NULL",
    "SELECT 'manifest' AS leftover, id FROM manifest WHERE id NOT IN (SELECT manifest_id FROM image)",
    "SELECT 'link' AS leftover, repository_blob.* FROM repository_blob WHERE refs = 0 OR holds <> 0",
  ];
  const left: Row[] = [];
  for (const query of leftovers) left.push(...(await rows.query(query)));
  return {
    images,
    blobs: blobs.map((row) => bytes.nameOf(String(row['storage_key']))),
    leftovers: left,
  };
}
