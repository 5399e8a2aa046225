import type pg from 'pg';
import { settleDisk } from '../settle-disk.ts';

/** Layers that many images share, as base images are. */
const SHARED = 100;
/** Blobs that an image names: so many of its own, and so many that it shares. */
const OWN = 3;
const USED = 7;
const SIZE = 1000;

/** Those that no rule hangs on. Made when the rows are there, they take a fraction of the time, and end the same. */
const INDEXES = `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
  JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace AND NOT indisunique`;

/**
 * Fills the repository of this id, which must be empty, with tagged images of ten blobs, straight into the tables: what a
 * million pushes would leave. Foreign keys are not looked at while it lasts; what is written keeps to them.
 */
export async function fill(client: pg.ClientBase, repositoryId: number, images: number): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(INDEXES);
  await client.query('SET session_replication_role = replica');
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
  for (const sql of statements(repositoryId, images)) await client.query(sql);
  for (const { definition } of indexes) await client.query(definition);
  await client.query('SET session_replication_role = origin');
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  await settleDisk();
}

/** The digest of the image with this number. */
export function digestOf(image: number): string {
  return `sha256:${image.toString(16).padStart(64, '0')}`;
}

export function tagOf(image: number): string {
  return `tag-${image}`;
}

function statements(repository: number, images: number): string[] {
  const own = images * OWN;
  const digest = (id: string) => `'sha256:' || lpad(to_hex(${id}), 64, '0')`;
  const named = `SELECT image.id AS manifest_id, ${SHARED} + (image.id - 1) * ${OWN} + own.n AS blob_id
      FROM generate_series(1, ${images}) AS image (id), generate_series(1, ${OWN}) AS own (n)
    UNION ALL
    SELECT image.id, 1 + (image.id * 13 + used.n * 11) % ${SHARED}
      FROM generate_series(1, ${images}) AS image (id), generate_series(1, ${USED}) AS used (n)`;
  return [
    `INSERT INTO blob (id, digest, size, storage_key, created_at)
      SELECT id, 'sha256:' || lpad('b' || to_hex(id), 64, '0'), ${SIZE}, lpad(id::text, 26, '0'), 0
      FROM generate_series(1, ${SHARED + own}) AS blob (id)`,
    `INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until)
      SELECT ${repository}, blob_id, 1, ${SIZE}, count(*), 0, 0 FROM (${named}) AS named GROUP BY blob_id`,
    `INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes)
      SELECT id, ${repository}, ${digest('id')}, 'application/vnd.oci.image.manifest.v1+json', ${SIZE * (OWN + USED)},
        convert_to(repeat('x', 1500), 'UTF8') FROM generate_series(1, ${images}) AS image (id)`,
    `INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
      SELECT DISTINCT manifest_id, blob_id, ${repository} FROM (${named}) AS named`,
    `INSERT INTO image (repository_id, manifest_id, digest, tags, blob_bytes, pushed_at)
      SELECT ${repository}, id, ${digest('id')}, jsonb_build_array('tag-' || id)::text, ${SIZE * (OWN + USED)}, id
      FROM generate_series(1, ${images}) AS image (id)`,
    `INSERT INTO digest (repository_id, digest, manifest_id)
      SELECT ${repository}, ${digest('id')}, id FROM generate_series(1, ${images}) AS image (id)`,
    `INSERT INTO tag (repository_id, name, manifest_id, tagged_at)
      SELECT ${repository}, 'tag-' || id, id, id FROM generate_series(1, ${images}) AS image (id)`,
    `INSERT INTO usage_part (scope, id, shard, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
      SELECT scope, id, 0, ${images}, ${images * SIZE * (OWN + USED)}, ${(SHARED + own) * SIZE}, 0, 0
      FROM (VALUES ('repository', ${repository}), ('registry', 1)) AS counter (scope, id)`,
    `INSERT INTO store_usage_part (kind, shard, count, bytes) VALUES ('blobs', 0, ${SHARED + own}, ${(SHARED + own) * SIZE})`,
    `SELECT setval(pg_get_serial_sequence('blob', 'id'), ${SHARED + own})`,
    `SELECT setval(pg_get_serial_sequence('manifest', 'id'), ${images})`,
  ];
}
