/**
 * A repository is as large as its table. By its own count PostgreSQL takes every repository for an average one, and where there
 * are thousands of small ones it would read all of a large one to spare itself the rest of a key.
 *
 * It heeds what it is told when it counts, and counts nothing in a table without rows. So each has one while it counts; what it has
 * learnt stays when they are emptied. Emptied in another transaction than that which made them, or a part of it (SAVEPOINT), they
 * are such that were never counted, in which it supposes some hundred rows.
 */
export const whatThePlannerIsTold = `
ALTER TABLE repository ALTER COLUMN registry_id SET (n_distinct = 1);
ALTER TABLE resource_tag ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE repository_blob ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE manifest ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE manifest_blob ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE missing_blob ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE missing_child ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE image ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE digest ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE tag ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE deleted_image ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE deleted_tag ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE orphaned_subject ALTER COLUMN repository_id SET (n_distinct = 1);
ALTER TABLE upload ALTER COLUMN repository_id SET (n_distinct = 1);

LOCK TABLE registry, blob IN ACCESS EXCLUSIVE MODE;
SAVEPOINT emptied;
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM registry) OR EXISTS (SELECT 1 FROM blob) THEN
    ANALYZE registry, repository, resource_tag, blob, repository_blob, manifest, manifest_blob, manifest_child, missing_blob,
    missing_child, image, digest, tag, deleted_image, deleted_tag, orphaned_subject, upload;
    RETURN;
  END IF;
  INSERT INTO registry (id, account_id, region) VALUES (1, '', '');
  INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type)
    VALUES (1, 1, '', 0, '', '', 0, '');
  INSERT INTO resource_tag VALUES (1, '', '');
  INSERT INTO blob (id, digest, size, storage_key, created_at) VALUES (1, '', 0, '', 0);
  INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until) VALUES (1, 1, 1, 0, 1, 0, 0);
  INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes) VALUES (1, 1, '', '', 0, '');
  INSERT INTO manifest_blob VALUES (1, 1, 1);
  INSERT INTO manifest_child VALUES (1, 1);
  INSERT INTO missing_blob VALUES (1, '', 0, '', 1);
  INSERT INTO missing_child VALUES (1, '', 1);
  INSERT INTO image (repository_id, manifest_id, digest, tags, blob_bytes, pushed_at, subject_digest)
    VALUES (1, 1, '', '', 0, 0, '');
  INSERT INTO digest VALUES (1, '', 1);
  INSERT INTO tag VALUES (1, '', 1, 0);
  INSERT INTO deleted_image (manifest_id, repository_id, digest, blob_bytes, pushed_at, deleted_at, purge_at)
    VALUES (1, 1, '', 0, 0, 0, 0);
  INSERT INTO deleted_tag VALUES (1, 1, '', '', 1, 0, 0, 0);
  INSERT INTO orphaned_subject VALUES (1, '', 0);
  INSERT INTO upload VALUES ('', 1, '', 0, 0, 0, 0, 0);
  ANALYZE registry, repository, resource_tag, blob, repository_blob, manifest, manifest_blob, manifest_child, missing_blob,
    missing_child, image, digest, tag, deleted_image, deleted_tag, orphaned_subject, upload;
  TRUNCATE registry, repository, resource_tag, blob, repository_blob, manifest, manifest_blob, manifest_child, missing_blob,
    missing_child, image, digest, tag, deleted_image, deleted_tag, orphaned_subject, upload, upload_name;
END $$;
RELEASE emptied;
`;
