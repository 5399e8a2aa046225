/** The first schema. Migrations are append-only: a released one is never edited. */
export const firstLight = `
CREATE TABLE repository (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  registry_id       TEXT NOT NULL,
  region            TEXT NOT NULL,
  name              TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  tag_mutability    TEXT NOT NULL,
  exclusion_filters TEXT NOT NULL,
  scan_on_push      INTEGER NOT NULL,
  encryption_type   TEXT NOT NULL,
  kms_key           TEXT,
  UNIQUE (registry_id, region, name)
) STRICT;

CREATE TABLE resource_tag (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  key           TEXT NOT NULL,
  value         TEXT NOT NULL,
  PRIMARY KEY (repository_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
  id          INTEGER PRIMARY KEY,
  digest      TEXT NOT NULL UNIQUE,
  size        INTEGER NOT NULL,
  storage_key TEXT NOT NULL UNIQUE,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE repository_blob (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  blob_id       INTEGER NOT NULL REFERENCES blob (id) ON DELETE RESTRICT,
  lease_until   INTEGER NOT NULL,
  media_type    TEXT,
  PRIMARY KEY (repository_id, blob_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_blob_by_blob ON repository_blob (blob_id);

CREATE TABLE manifest (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  repository_id     INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  digest            TEXT NOT NULL,
  media_type        TEXT NOT NULL,
  image_size        INTEGER NOT NULL,
  config_media_type TEXT,
  artifact_type     TEXT,
  subject_digest    TEXT,
  annotations       TEXT,
  pushed_at         INTEGER NOT NULL,
  last_pulled_at    INTEGER,
  tagged            INTEGER NOT NULL,
  bytes             BLOB NOT NULL,
  UNIQUE (repository_id, digest)
) STRICT;
CREATE UNIQUE INDEX manifest_by_tagged ON manifest (repository_id, tagged, digest);
CREATE INDEX manifest_by_subject ON manifest (repository_id, subject_digest, digest) WHERE subject_digest IS NOT NULL;

CREATE TABLE manifest_blob (
  manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  blob_id       INTEGER NOT NULL REFERENCES blob (id) ON DELETE RESTRICT,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (manifest_id, blob_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_blob_by_blob ON manifest_blob (blob_id, repository_id);

CREATE TABLE manifest_child (
  parent_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  child_id  INTEGER NOT NULL REFERENCES manifest (id) ON DELETE RESTRICT,
  PRIMARY KEY (parent_id, child_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_child_by_child ON manifest_child (child_id);

CREATE TABLE tag (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  position      INTEGER NOT NULL,
  tagged_at     INTEGER NOT NULL,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tag_by_manifest ON tag (manifest_id, position);

CREATE TABLE upload (
  id             TEXT PRIMARY KEY,
  repository_id  INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
  storage_key    TEXT NOT NULL UNIQUE,
  offset         INTEGER NOT NULL,
  parts          INTEGER NOT NULL,
  small_part     INTEGER NOT NULL,
  last_part_size INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_repository ON upload (repository_id);
CREATE INDEX upload_by_expiry ON upload (expires_at);

CREATE TABLE gc_candidate (
  blob_id       INTEGER NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
  repository_id INTEGER NOT NULL,
  not_before    INTEGER NOT NULL,
  PRIMARY KEY (blob_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX gc_candidate_by_time ON gc_candidate (not_before);

CREATE TABLE gc_trash (
  storage_key TEXT PRIMARY KEY,
  size        INTEGER NOT NULL,
  not_before  INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  last_error  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX gc_trash_by_time ON gc_trash (not_before);

CREATE TABLE secret (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;
