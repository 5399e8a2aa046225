/**
 * Takes what is live apart from what is deleted, so that a deletion touches few pages and can be undone; keeps count of who
 * needs a blob; and keeps count of bytes. docs/architecture.md says what each table promises.
 */
export const deletionAtScale = `
CREATE TABLE registry (
  id         INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  region     TEXT NOT NULL,
  UNIQUE (account_id, region)
) STRICT;
INSERT INTO registry (account_id, region) SELECT DISTINCT registry_id, region FROM repository;

CREATE TABLE new_repository (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  registry_id       INTEGER NOT NULL REFERENCES registry (id),
  name              TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  tag_mutability    TEXT NOT NULL,
  exclusion_filters TEXT NOT NULL,
  scan_on_push      INTEGER NOT NULL,
  encryption_type   TEXT NOT NULL,
  kms_key           TEXT,
  deleted_at        INTEGER,
  purge_at          INTEGER,
  dismantle_at      INTEGER
) STRICT;
INSERT INTO new_repository
  SELECT repository.id, registry.id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type,
    kms_key, NULL, NULL, NULL
  FROM repository JOIN registry ON registry.account_id = repository.registry_id AND registry.region = repository.region;

CREATE TABLE new_repository_blob (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  blob_id       INTEGER NOT NULL REFERENCES blob (id) ON DELETE RESTRICT,
  registry_id   INTEGER NOT NULL,
  size          INTEGER NOT NULL,
  refs          INTEGER NOT NULL CHECK (refs >= 0),
  holds         INTEGER NOT NULL CHECK (holds >= 0),
  keep_until    INTEGER NOT NULL,
  media_type    TEXT,
  state         INTEGER NOT NULL AS (CASE WHEN refs > 0 THEN 3 WHEN holds > 0 THEN 2 ELSE 1 END) VIRTUAL,
  PRIMARY KEY (repository_id, blob_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until, media_type)
  SELECT link.repository_id, link.blob_id, repository.registry_id, blob.size,
    (SELECT count(*) FROM manifest_blob AS named
      WHERE named.blob_id = link.blob_id AND named.repository_id = link.repository_id),
    0,
    max(link.lease_until, coalesce((SELECT not_before FROM gc_candidate AS candidate
      WHERE candidate.blob_id = link.blob_id AND candidate.repository_id = link.repository_id), 0)),
    link.media_type
  FROM repository_blob AS link
  JOIN blob ON blob.id = link.blob_id
  JOIN new_repository AS repository ON repository.id = link.repository_id;

CREATE TABLE new_manifest (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  repository_id     INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  digest            TEXT NOT NULL,
  media_type        TEXT NOT NULL,
  image_size        INTEGER NOT NULL,
  config_media_type TEXT,
  artifact_type     TEXT,
  subject_digest    TEXT,
  annotations       TEXT,
  bytes             BLOB NOT NULL
) STRICT;
INSERT INTO new_manifest
  SELECT id, repository_id, digest, media_type, image_size, config_media_type, artifact_type, subject_digest, annotations,
    bytes
  FROM manifest;

CREATE TABLE image (
  repository_id  INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  digest         TEXT NOT NULL,
  manifest_id    INTEGER NOT NULL,
  tagged         INTEGER NOT NULL,
  blob_bytes     INTEGER NOT NULL,
  pushed_at      INTEGER NOT NULL,
  last_pulled_at INTEGER,
  subject_digest TEXT,
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO image
  SELECT repository_id, digest, id, tagged,
    coalesce((SELECT sum(blob.size) FROM manifest_blob AS named JOIN blob ON blob.id = named.blob_id
      WHERE named.manifest_id = manifest.id), 0),
    pushed_at, last_pulled_at, subject_digest
  FROM manifest;

CREATE TABLE new_manifest_blob (
  manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  blob_id       INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (manifest_id, blob_id),
  FOREIGN KEY (repository_id, blob_id) REFERENCES repository_blob (repository_id, blob_id) ON DELETE RESTRICT
) STRICT, WITHOUT ROWID;
INSERT INTO new_manifest_blob SELECT manifest_id, blob_id, repository_id FROM manifest_blob;

CREATE TABLE new_tag (
  repository_id INTEGER NOT NULL,
  name          TEXT NOT NULL,
  digest        TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL,
  position      INTEGER NOT NULL,
  tagged_at     INTEGER NOT NULL,
  PRIMARY KEY (repository_id, name),
  FOREIGN KEY (repository_id, digest) REFERENCES image (repository_id, digest) ON DELETE RESTRICT
) STRICT, WITHOUT ROWID;
INSERT INTO new_tag
  SELECT tag.repository_id, tag.name, manifest.digest, tag.manifest_id, tag.position, tag.tagged_at
  FROM tag JOIN manifest ON manifest.id = tag.manifest_id;

DELETE FROM sqlite_sequence WHERE name IN ('new_repository', 'new_manifest');
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'new_' || name, seq FROM sqlite_sequence WHERE name IN ('repository', 'manifest');
DROP TABLE tag;
DROP TABLE manifest_blob;
DROP TABLE gc_candidate;
DROP TABLE repository_blob;
DROP TABLE manifest;
DROP TABLE repository;
ALTER TABLE new_repository RENAME TO repository;
ALTER TABLE new_repository_blob RENAME TO repository_blob;
ALTER TABLE new_manifest RENAME TO manifest;
ALTER TABLE new_manifest_blob RENAME TO manifest_blob;
ALTER TABLE new_tag RENAME TO tag;

CREATE UNIQUE INDEX repository_live ON repository (registry_id, name) WHERE deleted_at IS NULL;
CREATE INDEX repository_deleted ON repository (registry_id, name, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX repository_by_dismantling ON repository (dismantle_at) WHERE dismantle_at IS NOT NULL;
CREATE INDEX repository_blob_by_blob ON repository_blob (blob_id, registry_id);
CREATE INDEX repository_blob_idle ON repository_blob (keep_until) WHERE refs = 0 AND holds = 0;
CREATE INDEX manifest_by_repository ON manifest (repository_id);
CREATE INDEX image_untagged ON image (repository_id, digest) WHERE tagged = 0;
CREATE INDEX image_by_subject ON image (repository_id, subject_digest, digest) WHERE subject_digest IS NOT NULL;
CREATE INDEX manifest_blob_by_blob ON manifest_blob (blob_id, repository_id);
CREATE UNIQUE INDEX tag_by_image ON tag (repository_id, digest, position);

UPDATE blob SET storage_key = substr(storage_key, 4);
UPDATE upload SET storage_key = substr(storage_key, 4);
UPDATE gc_trash SET storage_key = substr(storage_key, 4);

CREATE TABLE deleted_image (
  manifest_id    INTEGER PRIMARY KEY REFERENCES manifest (id) ON DELETE RESTRICT,
  repository_id  INTEGER NOT NULL,
  digest         TEXT NOT NULL,
  blob_bytes     INTEGER NOT NULL,
  pushed_at      INTEGER NOT NULL,
  last_pulled_at INTEGER,
  deleted_at     INTEGER NOT NULL,
  purge_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_image_by_purge ON deleted_image (purge_at);
CREATE INDEX deleted_image_by_digest ON deleted_image (repository_id, digest, deleted_at) WHERE purge_at > deleted_at;

CREATE TABLE deleted_tag (
  id            INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL,
  name          TEXT NOT NULL,
  digest        TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL,
  position      INTEGER NOT NULL,
  tagged_at     INTEGER NOT NULL,
  deleted_at    INTEGER NOT NULL,
  purge_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_tag_by_purge ON deleted_tag (purge_at);
CREATE INDEX deleted_tag_by_image ON deleted_tag (manifest_id, deleted_at);
CREATE INDEX deleted_tag_by_name ON deleted_tag (repository_id, name, deleted_at);

CREATE INDEX gc_trash_failing ON gc_trash (last_error) WHERE last_error IS NOT NULL;

CREATE TABLE orphaned_subject (
  repository_id INTEGER NOT NULL,
  digest        TEXT NOT NULL,
  not_before    INTEGER NOT NULL,
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX orphaned_subject_by_time ON orphaned_subject (not_before);

CREATE TABLE usage (
  scope         TEXT NOT NULL,
  id            INTEGER NOT NULL,
  images        INTEGER NOT NULL,
  logical_bytes INTEGER NOT NULL,
  live_bytes    INTEGER NOT NULL,
  held_bytes    INTEGER NOT NULL,
  idle_bytes    INTEGER NOT NULL,
  PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;
INSERT INTO usage
  SELECT 'repository', repository.id,
    (SELECT count(*) FROM image WHERE image.repository_id = repository.id),
    (SELECT coalesce(sum(blob_bytes), 0) FROM image WHERE image.repository_id = repository.id),
    (SELECT coalesce(sum(size), 0) FROM repository_blob AS link WHERE link.repository_id = repository.id AND state = 3),
    0,
    (SELECT coalesce(sum(size), 0) FROM repository_blob AS link WHERE link.repository_id = repository.id AND state = 1)
  FROM repository;
INSERT INTO usage
  SELECT 'registry', registry.id,
    (SELECT coalesce(sum(images), 0) FROM usage JOIN repository ON repository.id = usage.id
      WHERE scope = 'repository' AND repository.registry_id = registry.id),
    (SELECT coalesce(sum(logical_bytes), 0) FROM usage JOIN repository ON repository.id = usage.id
      WHERE scope = 'repository' AND repository.registry_id = registry.id),
    coalesce((SELECT sum(size) FROM (SELECT size, max(state) AS state FROM repository_blob AS link
      WHERE link.registry_id = registry.id GROUP BY blob_id) WHERE state = 3), 0),
    0,
    coalesce((SELECT sum(size) FROM (SELECT size, max(state) AS state FROM repository_blob AS link
      WHERE link.registry_id = registry.id GROUP BY blob_id) WHERE state = 1), 0)
  FROM registry;

CREATE TABLE store_usage (
  kind  TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO store_usage SELECT 'blobs', count(*), coalesce(sum(size), 0) FROM blob;
INSERT INTO store_usage SELECT 'trash', count(*), coalesce(sum(size), 0) FROM gc_trash;
INSERT INTO store_usage SELECT 'uploads', count(*), coalesce(sum(offset), 0) FROM upload;

-- What the planner takes for granted: a repository is large, what is keyed within it is unique. Without it SQLite supposes
-- that ten rows share a first column, and reads a whole repository to spare itself an index. Nothing else analyses.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('repository', 'repository_live', '1000 1000 1'),
  ('repository', 'repository_deleted', '1000 1000 2 1'),
  ('repository', 'repository_by_dismantling', '1000 2'),
  ('resource_tag', 'resource_tag', '1000 10 1'),
  ('registry', 'sqlite_autoindex_registry_1', '10 5 1'),
  ('blob', 'sqlite_autoindex_blob_1', '10000000 1'),
  ('blob', 'sqlite_autoindex_blob_2', '10000000 1'),
  ('repository_blob', 'repository_blob', '10000000 1000000 1'),
  ('repository_blob', 'repository_blob_by_blob', '10000000 2 2'),
  ('repository_blob', 'repository_blob_idle', '10000 2'),
  ('manifest', 'manifest_by_repository', '1000000 1000000'),
  ('manifest_blob', 'manifest_blob', '10000000 10 1'),
  ('manifest_blob', 'manifest_blob_by_blob', '10000000 2 2'),
  ('manifest_child', 'manifest_child', '100000 5 1'),
  ('manifest_child', 'manifest_child_by_child', '100000 2'),
  ('image', 'image', '1000000 1000000 1'),
  ('image', 'image_untagged', '100000 100000 1'),
  ('image', 'image_by_subject', '100000 100000 2 1'),
  ('tag', 'tag', '1000000 1000000 1'),
  ('tag', 'tag_by_image', '1000000 1000000 1 1'),
  ('deleted_image', 'deleted_image_by_purge', '10000 10'),
  ('deleted_image', 'deleted_image_by_digest', '10000 10000 1 1'),
  ('deleted_tag', 'deleted_tag_by_purge', '10000 10'),
  ('deleted_tag', 'deleted_tag_by_image', '10000 1 1'),
  ('deleted_tag', 'deleted_tag_by_name', '10000 10000 1 1'),
  ('orphaned_subject', 'orphaned_subject', '1000 1000 1'),
  ('orphaned_subject', 'orphaned_subject_by_time', '1000 2'),
  ('upload', 'upload', '1000 1'),
  ('upload', 'sqlite_autoindex_upload_2', '1000 1'),
  ('upload', 'upload_by_repository', '1000 100'),
  ('upload', 'upload_by_expiry', '1000 2'),
  ('gc_trash', 'gc_trash', '10000 1'),
  ('gc_trash', 'gc_trash_by_time', '10000 10'),
  ('gc_trash', 'gc_trash_failing', '100 10'),
  ('usage', 'usage', '1000 500 1');
`;
