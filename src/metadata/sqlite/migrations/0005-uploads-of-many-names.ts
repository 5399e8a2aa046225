/**
 * Where many processes write to one store, an upload has a fresh name for each attempt to write. Which of them count is noted
 * with the upload: what the store has to know of them in `store_state`, and each name by itself, so that none of them can be
 * taken for trash or for stray, and all of them end with the upload. docs/architecture.md says what each table promises.
 */
export const uploadsOfManyNames = `
ALTER TABLE upload ADD COLUMN store_state TEXT;

CREATE TABLE upload_name (
  storage_key TEXT PRIMARY KEY,
  upload_id   TEXT NOT NULL REFERENCES upload (id) DEFERRABLE INITIALLY DEFERRED,
  size        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_name_by_upload ON upload_name (upload_id);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('upload_name', 'upload_name', '1000 1'),
  ('upload_name', 'upload_name_by_upload', '1000 3 1');
`;
