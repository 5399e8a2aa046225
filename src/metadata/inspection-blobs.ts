import { sql } from 'kysely';
import type { StoredName } from '../model/ids.ts';
import { isLive } from './inspection-images.ts';
import { type Session, setOf } from './session.ts';

export interface BlobRow {
  readonly id: number;
  readonly digest: string;
  readonly size: number;
  readonly storage_key: string;
  /** Whether any repository sees it. */
  readonly linked: number;
  /** Whether an upload has the same key. */
  readonly in_upload: number;
}

/** An image that names a blob. */
export interface NamingImage {
  readonly accountId: string;
  readonly region: string;
  readonly repositoryId: number;
  readonly repositoryName: string;
  readonly digest: string;
}

export class BlobInspection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** In order of id, those after `after`. */
  async list(after: number, limit: number): Promise<BlobRow[]> {
    const { rows } = await sql<BlobRow>`
      SELECT blob.id, blob.digest, blob.size, blob.storage_key,
        EXISTS (SELECT 1 FROM repository_blob AS link WHERE link.blob_id = blob.id) AS linked,
        EXISTS (SELECT 1 FROM upload WHERE upload.storage_key = blob.storage_key)
          OR EXISTS (SELECT 1 FROM upload_name AS named WHERE named.storage_key = blob.storage_key) AS in_upload
      FROM blob WHERE blob.id > ${after} ORDER BY blob.id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** Whether the blob's row is there, and its bytes are under this key. */
  async isUnder(blobId: number, storageKey: string): Promise<boolean> {
    const row = await this.#session.db
      .selectFrom('blob')
      .select('storage_key')
      .where('id', '=', blobId)
      .executeTakeFirst();
    return row?.storage_key === storageKey;
  }

  /** Of these names, those that no blob, no upload and no trash has. */
  async findUnknown(storageKeys: readonly StoredName[]): Promise<Set<StoredName>> {
    const known = new Set<string>();
    for (const table of ['blob', 'upload', 'upload_name', 'gc_trash'] as const) {
      const rows = await this.#session.db
        .selectFrom(table)
        .select('storage_key')
        .where('storage_key', 'in', setOf(this.#session, storageKeys))
        .execute();
      for (const row of rows) known.add(row.storage_key);
    }
    return new Set(storageKeys.filter((key) => !known.has(key)));
  }

  /** Live images that name the blob; `limit` at most. */
  async imagesNaming(blobId: number, limit: number): Promise<NamingImage[]> {
    const { rows } = await sql<NamingImage>`
      SELECT registry.account_id AS "accountId", registry.region, repository.id AS "repositoryId",
        repository.name AS "repositoryName", manifest.digest
      FROM manifest_blob AS named
      JOIN manifest ON manifest.id = named.manifest_id
      JOIN repository ON repository.id = manifest.repository_id AND repository.deleted_at IS NULL
      JOIN registry ON registry.id = repository.registry_id
      WHERE named.blob_id = ${blobId} AND ${isLive(sql.ref('named.manifest_id'))}
      LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }
}
