import { sql } from 'kysely';
import type { StorageKey } from '../model/ids.ts';
import { type Session, setOf } from './session.ts';

/** A blob as one repository sees it. */
export interface RepositoryBlob {
  readonly id: number;
  readonly digest: string;
  readonly size: number;
  readonly storageKey: StorageKey;
  readonly leaseUntil: number;
  /** As the last manifest that named it declared; `undefined` before that. */
  readonly mediaType: string | undefined;
}

export class BlobReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Blobs belong to repositories: one that only others may see is absent here. */
  async find(repositoryId: number, digest: string): Promise<RepositoryBlob | undefined> {
    const [blob] = await this.findAll(repositoryId, [digest]);
    return blob;
  }

  /** Those of the named digests that the repository may see. One statement, however many. */
  async findAll(repositoryId: number, digests: readonly string[]): Promise<RepositoryBlob[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(digests).as('wanted'))
      .crossJoin('blob')
      .crossJoin('repository_blob as link')
      .whereRef('blob.digest', '=', sql<string>`wanted.value`)
      .whereRef('link.blob_id', '=', 'blob.id')
      .where('link.repository_id', '=', repositoryId)
      .select(['blob.id', 'blob.digest', 'blob.size', 'blob.storage_key', 'link.lease_until', 'link.media_type'])
      .execute();
    return rows.map((row) => ({
      id: row.id,
      digest: row.digest,
      size: row.size,
      storageKey: row.storage_key as StorageKey,
      leaseUntil: row.lease_until,
      mediaType: row.media_type ?? undefined,
    }));
  }

  /** Whether an image of the repository names the blob. */
  async isReferenced(repositoryId: number, blobId: number): Promise<boolean> {
    const row = await this.session.db
      .selectFrom('manifest_blob')
      .select('manifest_id')
      .where('blob_id', '=', blobId)
      .where('repository_id', '=', repositoryId)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}

export class BlobWriter extends BlobReader {
  /** Makes the bytes under `storageKey` the blob of this digest. The caller has looked: there is none yet. */
  async insert(blob: {
    readonly digest: string;
    readonly size: number;
    readonly storageKey: StorageKey;
    readonly createdAt: number;
  }): Promise<number> {
    const { id } = await this.session.db
      .insertInto('blob')
      .values({ digest: blob.digest, size: blob.size, storage_key: blob.storageKey, created_at: blob.createdAt })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** The blob of this digest, whoever may see it. Only for linking bytes that the caller has proved to have. */
  async findAnywhere(digest: string): Promise<number | undefined> {
    const row = await this.session.db.selectFrom('blob').select('id').where('digest', '=', digest).executeTakeFirst();
    return row?.id;
  }

  /** Lets the repository see the blob, at least until `leaseUntil`. A longer lease stays as it is. */
  async link(repositoryId: number, blobId: number, leaseUntil: number): Promise<void> {
    const { db, dialect } = this.session;
    await db
      .insertInto('repository_blob')
      .values({ repository_id: repositoryId, blob_id: blobId, lease_until: leaseUntil, media_type: null })
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'blob_id']).doUpdateSet((set) => ({
          lease_until: dialect.greatest(set.ref('repository_blob.lease_until'), set.ref('excluded.lease_until')),
        })),
      )
      .execute();
  }

  /** Keeps what a manifest says of these blobs: they are of this media type. */
  async putMediaType(repositoryId: number, blobIds: readonly number[], mediaType: string): Promise<void> {
    const { db } = this.session;
    await db
      .updateTable('repository_blob')
      .set({ media_type: mediaType })
      .where('repository_id', '=', repositoryId)
      .where('blob_id', 'in', setOf(this.session, blobIds))
      .execute();
  }
}
