/**
 * One row says that an image is live, and names it in the order of pushing; digests and tags lead to that row and may outlive
 * it. So a deletion writes where images were pushed together, not wherever their names happen to sort.
 * docs/architecture.md says what each table promises.
 */
export const namesOutliveImages = `
CREATE TABLE new_image (
  repository_id  INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  manifest_id    INTEGER NOT NULL,
  digest         TEXT NOT NULL,
  tags           TEXT NOT NULL,
  blob_bytes     INTEGER NOT NULL,
  pushed_at      INTEGER NOT NULL,
  last_pulled_at INTEGER,
  subject_digest TEXT,
  PRIMARY KEY (repository_id, manifest_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_image
  SELECT repository_id, manifest_id, digest,
    (SELECT json_group_array(name ORDER BY position) FROM tag
      WHERE tag.repository_id = image.repository_id AND tag.digest = image.digest),
    blob_bytes, pushed_at, last_pulled_at, subject_digest
  FROM image;

CREATE TABLE digest (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  digest        TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL,
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO digest SELECT repository_id, digest, manifest_id FROM image;

CREATE TABLE new_tag (
  repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE RESTRICT,
  name          TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL,
  tagged_at     INTEGER NOT NULL,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO new_tag SELECT repository_id, name, manifest_id, tagged_at FROM tag;

CREATE TABLE new_deleted_tag (
  id            INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL,
  name          TEXT NOT NULL,
  digest        TEXT NOT NULL,
  manifest_id   INTEGER NOT NULL,
  tagged_at     INTEGER NOT NULL,
  deleted_at    INTEGER NOT NULL,
  purge_at      INTEGER NOT NULL
) STRICT;
INSERT INTO new_deleted_tag (repository_id, name, digest, manifest_id, tagged_at, deleted_at, purge_at)
  SELECT repository_id, name, digest, manifest_id, tagged_at, deleted_at, purge_at FROM deleted_tag
  ORDER BY deleted_at, manifest_id, position;

DROP TABLE tag;
DROP TABLE image;
DROP TABLE deleted_tag;
ALTER TABLE new_image RENAME TO image;
ALTER TABLE new_tag RENAME TO tag;
ALTER TABLE new_deleted_tag RENAME TO deleted_tag;
ALTER TABLE deleted_image ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';

CREATE INDEX image_tagged ON image (repository_id, manifest_id) WHERE tags <> '[]';
CREATE INDEX image_untagged ON image (repository_id, manifest_id) WHERE tags = '[]';
CREATE INDEX image_by_subject ON image (repository_id, subject_digest, digest) WHERE subject_digest IS NOT NULL;
CREATE INDEX deleted_tag_by_purge ON deleted_tag (purge_at);
CREATE INDEX deleted_tag_by_image ON deleted_tag (manifest_id, deleted_at);
CREATE INDEX deleted_tag_by_name ON deleted_tag (repository_id, name, deleted_at);

DELETE FROM sqlite_stat1 WHERE tbl IN ('image', 'tag', 'deleted_tag');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('image', 'image', '1000000 1000000 1'),
  ('image', 'image_tagged', '100000 100000 1'),
  ('image', 'image_untagged', '100000 100000 1'),
  ('image', 'image_by_subject', '100000 100000 2 1'),
  ('digest', 'digest', '1000000 1000000 1'),
  ('tag', 'tag', '1000000 1000000 1'),
  ('deleted_tag', 'deleted_tag_by_purge', '10000 10'),
  ('deleted_tag', 'deleted_tag_by_image', '10000 1 1'),
  ('deleted_tag', 'deleted_tag_by_name', '10000 10000 1 1');
`;
