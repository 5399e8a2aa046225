import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import type { Stores } from './stores.ts';
import { filesIn } from './temp-folder.ts';

/** What must never be found in the database, whatever was done and wherever it was cut short. */
const CONTRADICTIONS: Readonly<Record<string, string>> = {
  'an image names a blob that its repository does not see': `
    SELECT manifest_id FROM manifest_blob AS named WHERE NOT EXISTS (SELECT 1 FROM repository_blob AS link
      WHERE link.repository_id = named.repository_id AND link.blob_id = named.blob_id)`,
  'a reference has another repository than its image': `
    SELECT manifest_id FROM manifest_blob AS named JOIN manifest ON manifest.id = named.manifest_id
      WHERE manifest.repository_id <> named.repository_id`,
  'an index lists an image of another repository': `
    SELECT parent_id FROM manifest_child JOIN manifest AS parent ON parent.id = parent_id
      JOIN manifest AS child ON child.id = child_id WHERE parent.repository_id <> child.repository_id`,
  'a tag points to an image of another repository': `
    SELECT tag.name FROM tag JOIN manifest ON manifest.id = tag.manifest_id
      WHERE manifest.repository_id <> tag.repository_id`,
  'an image is taken for tagged, or for untagged, and is not': `
    SELECT id FROM manifest WHERE tagged <> EXISTS (SELECT 1 FROM tag WHERE tag.manifest_id = manifest.id)`,
  'the key of a blob or of an upload is trash': `
    SELECT storage_key FROM gc_trash WHERE storage_key IN
      (SELECT storage_key FROM blob UNION ALL SELECT storage_key FROM upload)`,
  'a blob that no image names will never be looked at': `
    SELECT blob_id FROM repository_blob AS link WHERE NOT EXISTS (SELECT 1 FROM manifest_blob AS named
        WHERE named.blob_id = link.blob_id AND named.repository_id = link.repository_id)
      AND NOT EXISTS (SELECT 1 FROM gc_candidate AS candidate
        WHERE candidate.blob_id = link.blob_id AND candidate.repository_id = link.repository_id)`,
  'a blob that no repository sees will never be looked at': `
    SELECT id FROM blob WHERE NOT EXISTS (SELECT 1 FROM repository_blob AS link WHERE link.blob_id = blob.id)
      AND NOT EXISTS (SELECT 1 FROM gc_candidate AS candidate WHERE candidate.blob_id = blob.id)`,
};

/** Asserts that the metadata agree with themselves and with the bytes: nothing is lost, and nothing is left behind. */
export async function checkStores({ databasePath, bytesFolder }: Stores): Promise<void> {
  expect(await contradictionsIn(databasePath, bytesFolder)).toEqual([]);
}

async function contradictionsIn(databasePath: string, bytesFolder: string): Promise<string[]> {
  const found: string[] = [];
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    for (const pragma of ['integrity_check', 'foreign_key_check']) {
      const rows = database.prepare(`PRAGMA ${pragma}`).all();
      if (rows.some((row) => row['integrity_check'] !== 'ok')) found.push(`${pragma}: ${JSON.stringify(rows)}`);
    }
    for (const [contradiction, query] of Object.entries(CONTRADICTIONS)) {
      const rows = database.prepare(query).all();
      if (rows.length > 0) found.push(`${contradiction}: ${JSON.stringify(rows)}`);
    }
    for (const { digest, bytes } of database.prepare('SELECT digest, bytes FROM manifest').all()) {
      if (digest !== digestLike(String(digest), bytes as Uint8Array))
        found.push(`the manifest ${digest} has other bytes`);
    }
    const files = await filesIn(bytesFolder);
    for (const { digest, size, storage_key: key } of database.prepare('SELECT * FROM blob').all()) {
      const file = `blobs/${key}`;
      const bytes = files.has(file) ? await readFile(join(bytesFolder, file)) : undefined;
      if (bytes?.byteLength !== size)
        found.push(`the blob ${digest} has ${bytes?.byteLength} bytes instead of ${size}`);
      else if (bytes && digestLike(String(digest), bytes) !== digest) found.push(`the blob ${digest} has other bytes`);
    }
    const known = new Set(
      database
        .prepare(
          'SELECT storage_key FROM blob UNION SELECT storage_key FROM upload UNION SELECT storage_key FROM gc_trash',
        )
        .all()
        .map((row) => String(row['storage_key']).slice(3)),
    );
    for (const file of files.keys()) {
      if (!known.has(file.slice(file.lastIndexOf('/') + 1))) found.push(`nothing knows of the bytes in ${file}`);
    }
  } finally {
    database.close();
  }
  return found;
}

function digestLike(digest: string, bytes: Uint8Array): string {
  const [algorithm = ''] = digest.split(':');
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
