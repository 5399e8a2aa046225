/**
 * A repository may stop seeing a blob before its link can go; the database itself refuses to hide what a live image names. And
 * an image may name what its repository does not see yet: that is noted, so that it counts when it comes.
 * docs/architecture.md says what each table promises.
 */
export const whatRepositoriesSee = `
ALTER TABLE repository_blob ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden = 0 OR refs = 0);

CREATE TABLE missing_blob (
  manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  digest        TEXT NOT NULL,
  size          INTEGER NOT NULL,
  media_type    TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (manifest_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_blob_by_digest ON missing_blob (repository_id, digest);

CREATE TABLE missing_child (
  parent_id     INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
  digest        TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (parent_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_child_by_digest ON missing_child (repository_id, digest);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('missing_blob', 'missing_blob', '100000 10 1'),
  ('missing_blob', 'missing_blob_by_digest', '100000 10000 2'),
  ('missing_child', 'missing_child', '100000 5 1'),
  ('missing_child', 'missing_child_by_digest', '100000 10000 2');
`;
