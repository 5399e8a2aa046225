import { relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { blobPath } from '../blob-path.ts';
import { checkStores } from '../check-stores.ts';
import { collect } from '../collect.ts';
import { checkCounters } from '../recount-usage.ts';
import { HOUR, type Stores } from '../stores.ts';
import { filesIn } from '../temp-folder.ts';

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
  checkCounters(stores);
  const before = liveImages(stores);
  for (let round = 0; round < 2; round++) {
    stores.clock.advance(LATER);
    await collect(stores.ports);
  }
  await checkStores(stores);
  checkCounters(stores);
  const { images, blobs, leftovers } = look(stores);
  expect(before).toEqual(expect.arrayContaining(images));
  expect(leftovers).toEqual([]);
  expect([...(await filesIn(stores.bytesFolder)).keys()].sort()).toEqual(blobs.sort());
}

function liveImages(stores: Stores): unknown[] {
  return look(stores).images;
}

function look({ databasePath, bytesFolder }: Stores) {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    const all = (sql: string) => database.prepare(sql).all();
    return {
      images: all(
        'SELECT repository_id, digest FROM image WHERE repository_id IN (SELECT id FROM repository WHERE deleted_at IS NULL)',
      ),
      blobs: all(
        `SELECT DISTINCT storage_key FROM image JOIN manifest_blob AS named ON named.manifest_id = image.manifest_id
          JOIN blob ON blob.id = named.blob_id ORDER BY 1`,
      ).map((row) => relative(bytesFolder, blobPath(bytesFolder, String(row['storage_key'])))),
      leftovers: [
        ...PASSING.flatMap((table) => all(`SELECT '${table}' AS leftover, * FROM ${table}`)),
        ...all("SELECT 'repository' AS leftover, * FROM repository WHERE deleted_at IS NOT NULL"),
        ...all("SELECT 'manifest' AS leftover, id FROM manifest WHERE id NOT IN (SELECT manifest_id FROM image)"),
        ...all("SELECT 'link' AS leftover, * FROM repository_blob WHERE refs = 0 OR holds <> 0"),
      ],
    };
  } finally {
    database.close();
  }
}
