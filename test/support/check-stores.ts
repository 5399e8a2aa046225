import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { type CheckOptions, checkStore } from '../../src/registry/fsck/check-store.ts';
import type { Checked, Finding } from '../../src/registry/fsck/finding.ts';
import type { Ports } from '../../src/registry/ports.ts';
import type { Bytes } from './stored/bytes.ts';
import { inDialect, type Rows, type Spoken } from './stored/rows.ts';
import type { Stores } from './stores.ts';

/**
 * Asserts that the metadata agree with themselves and with the bytes: nothing is lost, and nothing is left behind. Says
 * Berth's own check, and a second one that shares nothing with it. Work that waits for the collector is no fault here.
 */
export async function checkStores({ ports, rows, bytes }: Stores): Promise<void> {
  const { findings } = await runCheck(ports, { deep: true, repair: false, strayAge: -Infinity, patience: Infinity });
  expect(findings).toEqual([]);
  expect(await contradictionsIn(rows, bytes)).toEqual([]);
}

/** Runs the check to its end. The database's check of itself is left out: it costs a thread each time. */
export async function runCheck(
  ports: Pick<Ports, 'metadata' | 'blobs' | 'clock'>,
  options: CheckOptions,
): Promise<{ readonly findings: Finding[]; readonly result: Checked }> {
  const { metadata, blobs, clock } = ports;
  const without: Ports['metadata'] = {
    read: (look) => metadata.read(look),
    write: (change) => metadata.write(change),
    lookUp: (look) => metadata.lookUp(look),
    inspect: (look) => metadata.inspect(look),
    check: async () => [],
    [Symbol.asyncDispose]: async () => {},
  };
  const run = checkStore({ metadata: without, blobs, clock }, options);
  const findings: Finding[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { findings, result: next.value };
    findings.push(next.value);
  }
}

/** In plain SQL, what must never be found in the database, whatever was done and wherever it was cut short. */
export const CONTRADICTIONS: Readonly<Record<string, Spoken>> = {
  'a live image has no manifest, or names a blob that its repository does not see': `
    SELECT image.digest FROM image LEFT JOIN manifest ON manifest.id = image.manifest_id
      LEFT JOIN manifest_blob AS named ON named.manifest_id = manifest.id
      LEFT JOIN repository_blob AS link ON link.repository_id = image.repository_id AND link.blob_id = named.blob_id
      LEFT JOIN blob ON blob.id = link.blob_id
    WHERE manifest.id IS NULL OR manifest.digest <> image.digest
      OR (named.blob_id IS NOT NULL AND (link.blob_id IS NULL OR blob.id IS NULL OR link.refs = 0 OR link.hidden = 1))`,
  'a live image is not what its digest leads to': `
    SELECT digest FROM image WHERE NOT EXISTS (SELECT 1 FROM digest WHERE digest.repository_id = image.repository_id
      AND digest.digest = image.digest AND digest.manifest_id = image.manifest_id)`,
  'a live image has other tags than those that lead to it': {
    sqlite: `
    SELECT digest FROM image WHERE (SELECT json_group_array(value ORDER BY value) FROM json_each(image.tags)) <>
      (SELECT json_group_array(name ORDER BY name) FROM tag
        WHERE tag.repository_id = image.repository_id AND tag.manifest_id = image.manifest_id)`,
    postgres: `
    SELECT digest FROM image WHERE ARRAY(SELECT jsonb_array_elements_text(image.tags::jsonb) COLLATE "C" ORDER BY 1) <>
      ARRAY(SELECT name FROM tag
        WHERE tag.repository_id = image.repository_id AND tag.manifest_id = image.manifest_id ORDER BY 1)`,
  },
  'a name leads to nothing that was pushed, or to what nobody will purge': `
    SELECT lead.* FROM (SELECT repository_id, manifest_id, name FROM tag
      UNION ALL SELECT repository_id, manifest_id, digest FROM digest) AS lead
    LEFT JOIN manifest ON manifest.id = lead.manifest_id AND manifest.repository_id = lead.repository_id
    WHERE manifest.id IS NULL OR (lead.manifest_id NOT IN (SELECT manifest_id FROM image)
      AND lead.manifest_id NOT IN (SELECT manifest_id FROM deleted_image))`,
  'needs are miscounted': `
    SELECT link.repository_id, link.blob_id, link.refs, link.holds FROM repository_blob AS link
    WHERE link.refs + link.holds <> (SELECT count(*) FROM manifest_blob AS named
        LEFT JOIN deleted_image ON deleted_image.manifest_id = named.manifest_id
      WHERE named.blob_id = link.blob_id AND named.repository_id = link.repository_id
        AND (deleted_image.manifest_id IS NULL OR deleted_image.purge_at > deleted_image.deleted_at))`,
  'bytes of images are miscounted': `
    SELECT id FROM usage WHERE scope = 'repository' AND (images, logical_bytes) <>
      (SELECT count(*), coalesce(sum(blob_bytes), 0) FROM image WHERE image.repository_id = usage.id)`,
  'the bytes of the registries are not those of the blobs they see': `
    SELECT 1 WHERE (SELECT coalesce(sum(live_bytes + held_bytes + idle_bytes), 0) FROM usage WHERE scope = 'registry') <>
      (SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT repository.registry_id, blob.id, blob.size
        FROM repository_blob AS link JOIN blob ON blob.id = link.blob_id
        JOIN repository ON repository.id = link.repository_id) AS seen)`,
  'the bytes of the store are miscounted': `
    SELECT * FROM store_usage AS stored WHERE (stored.count, stored.bytes) <> (
      SELECT count(*), coalesce(sum(size), 0) FROM (
        SELECT 'blobs' AS kind, size FROM blob UNION ALL SELECT 'trash', size FROM gc_trash
        UNION ALL SELECT 'uploads', "offset" FROM upload) AS counted
      WHERE counted.kind = stored.kind)`,
  'the key of a blob or of an upload is trash': `
    SELECT storage_key FROM gc_trash WHERE storage_key IN
      (SELECT storage_key FROM blob UNION ALL SELECT storage_key FROM upload UNION ALL SELECT storage_key FROM upload_name)`,
  'an image goes on missing what its repository sees': `
    SELECT missing.manifest_id, missing.digest FROM missing_blob AS missing
    JOIN blob ON blob.digest = missing.digest AND blob.size = missing.size
    JOIN repository_blob AS link ON link.blob_id = blob.id AND link.repository_id = missing.repository_id AND link.hidden = 0
    LEFT JOIN deleted_image ON deleted_image.manifest_id = missing.manifest_id
    WHERE deleted_image.manifest_id IS NULL OR deleted_image.purge_at > deleted_image.deleted_at
    UNION ALL SELECT missing.parent_id, missing.digest FROM missing_child AS missing
    JOIN image ON image.digest = missing.digest AND image.repository_id = missing.repository_id
    LEFT JOIN deleted_image ON deleted_image.manifest_id = missing.parent_id
    WHERE deleted_image.manifest_id IS NULL OR deleted_image.purge_at > deleted_image.deleted_at`,
  'a blob is seen by no repository': `
    SELECT id FROM blob WHERE id NOT IN (SELECT blob_id FROM repository_blob)`,
};

/** What the rows and bytes of a store that nobody writes to say against each other, found without Berth's own check. */
export async function contradictionsIn(rows: Rows, bytes: Bytes): Promise<string[]> {
  const found = await rows.problems();
  for (const [contradiction, query] of Object.entries(CONTRADICTIONS)) {
    const contradicting = await rows.query(inDialect(rows, query));
    if (contradicting.length > 0) found.push(`${contradiction}: ${JSON.stringify(contradicting)}`);
  }
  for (const { digest, storage_key: key } of await rows.query('SELECT * FROM blob')) {
    const content = await bytes.read(String(key));
    if (!content || digestLike(String(digest), content) !== digest) found.push(`the blob ${digest} is not whole`);
  }
  const owners = ['blob', 'upload', 'upload_name', 'gc_trash'].map((table) => `SELECT storage_key FROM ${table}`);
  const known = new Set((await rows.query(owners.join(' UNION '))).map((row) => row['storage_key']));
  for (const name of (await bytes.sizes()).keys()) {
    if (!known.has(bytes.keyOf(name))) found.push(`nothing knows of the bytes in ${name}`);
  }
  return found;
}

function digestLike(digest: string, bytes: Uint8Array): string {
  const [algorithm = ''] = digest.split(':');
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
