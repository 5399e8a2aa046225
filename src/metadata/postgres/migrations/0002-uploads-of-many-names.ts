/** As SQLite's of the same name: an upload has a fresh name for each attempt to write, and its store notes which count. */
export const uploadsOfManyNames = `
ALTER TABLE upload ADD COLUMN store_state TEXT COLLATE "C";

CREATE TABLE upload_name (
  storage_key TEXT COLLATE "C" PRIMARY KEY,
  upload_id   TEXT COLLATE "C" NOT NULL REFERENCES upload (id) DEFERRABLE INITIALLY DEFERRED,
  size        BIGINT NOT NULL
);
CREATE INDEX upload_name_by_upload ON upload_name (upload_id);
`;
