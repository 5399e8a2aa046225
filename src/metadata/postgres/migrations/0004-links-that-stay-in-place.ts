/**
 * Every image that names a blob counts up its link, and a layer that many share is named all the time. PostgreSQL leaves a changed row
 * in its place, and all indexes alone, if no column has changed that an index is about; this one was about the counts. Now it is
 * about what they come to, which hardly ever changes.
 */
export const linksThatStayInPlace = `
CREATE INDEX repository_blob_by_end ON repository_blob (keep_until) WHERE state = 1;
DROP INDEX repository_blob_idle;
ALTER INDEX repository_blob_by_end RENAME TO repository_blob_idle;
`;
