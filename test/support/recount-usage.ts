import { expect } from 'vitest';
import { inDialect, type Rows, type Spoken } from './stored/rows.ts';

/** For each link, who needs it: counted from what manifests name, and from which of them are live or may be restored. */
const NEEDS = `
  SELECT link.repository_id, link.blob_id, repository.registry_id, blob.size,
    (SELECT count(*) FROM manifest_blob AS named JOIN image ON image.manifest_id = named.manifest_id
      WHERE named.repository_id = link.repository_id AND named.blob_id = link.blob_id) AS refs,
    (SELECT count(*) FROM manifest_blob AS named JOIN deleted_image AS gone ON gone.manifest_id = named.manifest_id
      WHERE named.repository_id = link.repository_id AND named.blob_id = link.blob_id
        AND gone.purge_at > gone.deleted_at) AS holds
  FROM repository_blob AS link
  JOIN repository ON repository.id = link.repository_id
  JOIN blob ON blob.id = link.blob_id`;

/** 3 live, 2 held, 1 idle: of a registry, the most that any of its repositories needs a blob. */
const STATES = `
  SELECT 'repository' AS scope, repository_id AS id, blob_id, size,
    CASE WHEN refs > 0 THEN 3 WHEN holds > 0 THEN 2 ELSE 1 END AS state FROM (${NEEDS}) AS needs
  UNION ALL
  SELECT 'registry', registry_id, blob_id, min(size),
    max(CASE WHEN refs > 0 THEN 3 WHEN holds > 0 THEN 2 ELSE 1 END) FROM (${NEEDS}) AS needs GROUP BY registry_id, blob_id`;

const IMAGES = `
  SELECT image.repository_id, repository.registry_id,
    (SELECT coalesce(sum(blob.size), 0) FROM manifest_blob AS named JOIN blob ON blob.id = named.blob_id
      WHERE named.manifest_id = image.manifest_id) AS bytes
  FROM image JOIN repository ON repository.id = image.repository_id`;

/** Each counter, as it is kept, and as a fresh look at the rows makes it. Both answer the same columns in the same order. */
export const COUNTERS: Readonly<Record<string, readonly [kept: Spoken, recounted: string]>> = {
  usage: [
    `SELECT scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes FROM usage
      WHERE images <> 0 OR logical_bytes <> 0 OR live_bytes <> 0 OR held_bytes <> 0 OR idle_bytes <> 0
      ORDER BY scope, id`,
    `SELECT scope, id, sum(images) AS images, sum(logical) AS logical_bytes, sum(live) AS live_bytes, sum(held) AS held_bytes,
        sum(idle) AS idle_bytes FROM (
      SELECT scope, id, 0 AS images, 0 AS logical, CASE state WHEN 3 THEN size ELSE 0 END AS live,
        CASE state WHEN 2 THEN size ELSE 0 END AS held, CASE state WHEN 1 THEN size ELSE 0 END AS idle
        FROM (${STATES}) AS states
      UNION ALL SELECT 'repository', repository_id, 1, bytes, 0, 0, 0 FROM (${IMAGES}) AS images
      UNION ALL SELECT 'registry', registry_id, 1, bytes, 0, 0, 0 FROM (${IMAGES}) AS images
    ) AS counted GROUP BY scope, id ORDER BY scope, id`,
  ],
  store_usage: [
    'SELECT kind, count, bytes FROM store_usage WHERE count <> 0 OR bytes <> 0 ORDER BY kind',
    `SELECT * FROM (
      SELECT 'blobs' AS kind, count(*) AS count, coalesce(sum(size), 0) AS bytes FROM blob
      UNION ALL SELECT 'trash', count(*), coalesce(sum(size), 0) FROM gc_trash
      UNION ALL SELECT 'uploads', count(*), coalesce(sum("offset"), 0) FROM upload
    ) AS counted WHERE count <> 0 ORDER BY kind`,
  ],
  repository_blob: [
    'SELECT repository_id, blob_id, registry_id, size, refs, holds FROM repository_blob ORDER BY repository_id, blob_id',
    `${NEEDS} ORDER BY repository_id, blob_id`,
  ],
  image: [
    {
      sqlite: `SELECT repository_id, digest, (SELECT count(*) FROM json_each(tags)) AS tags, blob_bytes FROM image
        ORDER BY repository_id, digest`,
      postgres: `SELECT repository_id, digest, jsonb_array_length(tags::jsonb) AS tags, blob_bytes FROM image
        ORDER BY repository_id, digest`,
    },
    `SELECT repository_id, digest,
      (SELECT count(*) FROM tag WHERE tag.repository_id = image.repository_id
        AND tag.manifest_id = image.manifest_id) AS tags,
      (SELECT coalesce(sum(blob.size), 0) FROM manifest_blob AS named JOIN blob ON blob.id = named.blob_id
        WHERE named.manifest_id = image.manifest_id) AS blob_bytes
      FROM image ORDER BY repository_id, digest`,
  ],
};

export type Counts = Readonly<Record<string, readonly unknown[]>>;

/** What the counters say, and what they should: for a comparison that shows where they part. */
export async function recountUsage(rows: Rows): Promise<{ readonly kept: Counts; readonly recounted: Counts }> {
  const counts = async (side: 0 | 1) => {
    const counted: [string, readonly unknown[]][] = [];
    for (const [name, both] of Object.entries(COUNTERS)) {
      counted.push([name, await rows.query(inDialect(rows, both[side]))]);
    }
    return Object.fromEntries(counted);
  };
  return { kept: await counts(0), recounted: await counts(1) };
}

/** Asserts that every counter says what a recount of the rows says. */
export async function checkCounters({ rows }: { readonly rows: Rows }): Promise<void> {
  const { kept, recounted } = await recountUsage(rows);
  expect(kept).toEqual(recounted);
}
