import { sql } from 'kysely';
import { prepare } from './prepared.ts';
import { idSetOf, type Session } from './session.ts';

/** A blob that an image names and its repository does not see, as the manifest describes it. */
export interface MissingBlob {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

/** An image that names a blob which its repository sees by now. */
export interface Awaiting {
  readonly manifestId: number;
  readonly blobId: number;
  readonly size: number;
  readonly mediaType: string;
  /** 1 for a live image, 0 for a deleted one that may be restored. */
  readonly live: number;
}

const findAwaiting = prepare(
  (_, given: { readonly repositoryId: number; readonly blobIds: readonly number[] }, dialect) => sql<Awaiting>`
    SELECT missing.manifest_id AS "manifestId", blob.id AS "blobId", blob.size, missing.media_type AS "mediaType",
      CASE WHEN image.manifest_id IS NULL THEN 0 ELSE 1 END AS live
    FROM ${dialect.idRowsOf(given.blobIds).as('wanted')}
      CROSS JOIN blob CROSS JOIN repository_blob AS link CROSS JOIN missing_blob AS missing
    LEFT JOIN image ON image.repository_id = missing.repository_id AND image.manifest_id = missing.manifest_id
    LEFT JOIN deleted_image AS deleted ON deleted.manifest_id = missing.manifest_id
    WHERE blob.id = wanted.value AND link.repository_id = ${given.repositoryId} AND link.blob_id = blob.id AND link.hidden = 0
      AND missing.repository_id = ${given.repositoryId} AND missing.digest = blob.digest
      AND missing.size = blob.size AND (image.manifest_id IS NOT NULL OR deleted.purge_at > deleted.deleted_at)`,
);

const adopt = prepare(
  (_, given: { readonly repositoryId: number; readonly manifestIds: readonly number[] }, dialect) => sql<{
    parentId: number;
    childId: number;
  }>`
    INSERT INTO manifest_child (parent_id, child_id)
    SELECT missing.parent_id, child.manifest_id
    FROM ${dialect.idRowsOf(given.manifestIds).as('wanted')} CROSS JOIN image AS child CROSS JOIN missing_child AS missing
    LEFT JOIN image ON image.repository_id = missing.repository_id AND image.manifest_id = missing.parent_id
    LEFT JOIN deleted_image AS deleted ON deleted.manifest_id = missing.parent_id
    WHERE child.repository_id = ${given.repositoryId} AND child.manifest_id = wanted.value
      AND missing.repository_id = ${given.repositoryId} AND missing.digest = child.digest
      AND (image.manifest_id IS NOT NULL OR deleted.purge_at > deleted.deleted_at)
    RETURNING parent_id AS "parentId", child_id AS "childId"`,
);

/**
 * What images name and their repository does not have. It is noted when the image is pushed, and becomes a reference when what
 * is missing comes, so that nothing which an image names can be collected once it is there.
 */
export class Missing {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async note(
    repositoryId: number,
    manifestId: number,
    { blobs, children }: { readonly blobs: readonly MissingBlob[]; readonly children: readonly string[] },
  ): Promise<void> {
    const { db, dialect } = this.#session;
    if (blobs.length > 0) {
      const records = dialect.recordsIn(JSON.stringify(blobs), { digest: 'text', size: 'number', mediaType: 'text' });
      await sql`INSERT INTO missing_blob (manifest_id, digest, size, media_type, repository_id)
        SELECT ${manifestId}, digest, size, "mediaType", ${repositoryId} FROM ${records} AS missing`.execute(db);
    }
    if (children.length > 0) {
      await sql`INSERT INTO missing_child (parent_id, digest, repository_id)
        SELECT ${manifestId}, value, ${repositoryId} FROM ${dialect.rowsOf(children)} AS missing`.execute(db);
    }
  }

  /**
   * Live and restorable images that were pushed without these blobs, in the order of pushing; of the blobs, those that the
   * repository sees. An image that gives another size than the blob has names no bytes that could ever be, and goes on
   * missing them.
   */
  async awaiting(repositoryId: number, blobIds: readonly number[]): Promise<Awaiting[]> {
    const rows = await findAwaiting(this.#session, { repositoryId, blobIds });
    return rows.toSorted((one, other) => one.manifestId - other.manifestId);
  }

  /** Makes the blob one that these images name, as if it had been there when they were pushed. Counting them is the caller's. */
  async settle(
    repositoryId: number,
    blob: { readonly id: number; readonly size: number },
    manifestIds: readonly number[],
  ): Promise<void> {
    const { db, dialect } = this.#session;
    const ids = idSetOf(this.#session, manifestIds);
    const named = dialect.idRowsOf(manifestIds).as('named');
    await sql`INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
      SELECT value, ${blob.id}, ${repositoryId} FROM ${named}`.execute(db);
    await sql`DELETE FROM missing_blob WHERE manifest_id IN ${ids}
      AND digest = (SELECT digest FROM blob WHERE id = ${blob.id})`.execute(db);
    await sql`UPDATE image SET blob_bytes = blob_bytes + ${blob.size}
      WHERE repository_id = ${repositoryId} AND manifest_id IN ${ids}`.execute(db);
    await sql`UPDATE deleted_image SET blob_bytes = blob_bytes + ${blob.size} WHERE manifest_id IN ${ids}`.execute(db);
    await sql`UPDATE manifest SET image_size = image_size + ${blob.size} WHERE id IN ${ids}`.execute(db);
    await this.resizeAbove(manifestIds);
  }

  /** Lets live and restorable indexes that were pushed without these images list them, as far as the images are live. */
  async adopt(repositoryId: number, manifestIds: readonly number[]): Promise<void> {
    const { db } = this.#session;
    const rows = await adopt(this.#session, { repositoryId, manifestIds });
    if (rows.length === 0) return;
    for (const [childId, listed] of Map.groupBy(rows, (row) => row.childId)) {
      const parents = idSetOf(
        this.#session,
        listed.map((row) => row.parentId),
      );
      await sql`DELETE FROM missing_child WHERE parent_id IN ${parents}
        AND digest = (SELECT digest FROM manifest WHERE id = ${childId})`.execute(db);
    }
    await this.resizeAbove(manifestIds);
  }

  /** An index is as large as the largest image it lists: makes those so that list these, and those that list them. */
  async resizeAbove(manifestIds: readonly number[]): Promise<void> {
    const largest = sql`(SELECT max(child.image_size) FROM manifest_child AS listed CROSS JOIN manifest AS child
      WHERE listed.parent_id = manifest.id AND child.id = listed.child_id)`;
    for (let level = manifestIds; level.length > 0; ) {
      const wanted = this.#session.dialect.idRowsOf(level).as('wanted');
      const { rows }: { readonly rows: readonly { id: number }[] } = await sql<{ id: number }>`
        UPDATE manifest SET image_size = ${largest}
        WHERE id IN (SELECT listed.parent_id FROM ${wanted} CROSS JOIN manifest_child AS listed
          WHERE listed.child_id = wanted.value) AND image_size <> ${largest}
        RETURNING id`.execute(this.#session.db);
      level = rows.map((row) => row.id);
    }
  }
}
