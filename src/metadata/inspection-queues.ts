import { sql } from 'kysely';
import type { Session } from './session.ts';

/** A repository's row, deleted or not. */
export interface RepositoryRow {
  readonly id: number;
  readonly name: string;
  readonly registry_id: number;
  readonly account_id: string | null;
  readonly region: string | null;
  readonly deleted_at: number | null;
  readonly purge_at: number | null;
  readonly dismantle_at: number | null;
  /** Whether any image or upload is left in it. */
  readonly occupied: number;
}

export interface DeletedImageRow {
  readonly manifest_id: number;
  readonly repository_id: number;
  readonly digest: string;
  readonly purge_at: number;
  readonly has_manifest: number;
  /** Whether an index lists it, which has to go before it. */
  readonly listed: number;
}

export interface TrashRow {
  readonly storage_key: string;
  readonly size: number;
  readonly not_before: number;
  readonly attempts: number;
  readonly last_error: string | null;
  /** Whether a blob or an upload has the key, too. */
  readonly in_use: number;
}

export interface UploadRow {
  readonly id: string;
  readonly repository_id: number;
  readonly storage_key: string;
  readonly offset: number;
  readonly expires_at: number;
}

/** What waits for workers. */
export class QueueInspection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** In order of id, those after `after`. */
  async listRepositories(after: number, limit: number): Promise<RepositoryRow[]> {
    const { rows } = await sql<RepositoryRow>`
      SELECT repository.id, repository.name, repository.registry_id, registry.account_id, registry.region,
        repository.deleted_at, repository.purge_at, repository.dismantle_at,
        EXISTS (SELECT 1 FROM image WHERE image.repository_id = repository.id)
          OR EXISTS (SELECT 1 FROM upload WHERE upload.repository_id = repository.id) AS occupied
      FROM repository LEFT JOIN registry ON registry.id = repository.registry_id
      WHERE repository.id > ${after} ORDER BY repository.id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** In order of manifest, those after `after`. */
  async listDeletedImages(after: number, limit: number): Promise<DeletedImageRow[]> {
    const { rows } = await sql<DeletedImageRow>`
      SELECT deleted.manifest_id, deleted.repository_id, deleted.digest, deleted.purge_at,
        EXISTS (SELECT 1 FROM manifest WHERE manifest.id = deleted.manifest_id) AS has_manifest,
        EXISTS (SELECT 1 FROM manifest_child WHERE manifest_child.child_id = deleted.manifest_id) AS listed
      FROM deleted_image AS deleted
      WHERE deleted.manifest_id > ${after} ORDER BY deleted.manifest_id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** In order of key, those after `after`. */
  async listTrash(after: string, limit: number): Promise<TrashRow[]> {
    const { rows } = await sql<TrashRow>`
      SELECT trash.storage_key, trash.size, trash.not_before, trash.attempts, trash.last_error,
        EXISTS (SELECT 1 FROM blob WHERE blob.storage_key = trash.storage_key)
          OR EXISTS (SELECT 1 FROM upload WHERE upload.storage_key = trash.storage_key)
          OR EXISTS (SELECT 1 FROM upload_name AS named WHERE named.storage_key = trash.storage_key) AS in_use
      FROM gc_trash AS trash
      WHERE trash.storage_key > ${after} ORDER BY trash.storage_key LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** In order of id, those after `after`. */
  async listUploads(after: string, limit: number): Promise<UploadRow[]> {
    const { rows } = await sql<UploadRow>`
      SELECT id, repository_id, storage_key, "offset", expires_at FROM upload
      WHERE id > ${after} ORDER BY id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }
}
