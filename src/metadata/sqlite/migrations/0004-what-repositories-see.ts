/**
 * A repository may stop seeing a blob before its link can go; the database itself refuses to hide what a live image names.
 * docs/architecture.md says what each table promises.
 */
export const whatRepositoriesSee = `
ALTER TABLE repository_blob ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden = 0 OR refs = 0);
`;
