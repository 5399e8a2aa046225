import { type RawBuilder, sql } from 'kysely';
import type { Session } from './session.ts';

/** A manifest's row, and what the live image or the deleted one says that has it. Flags are 0 or 1. */
export interface ManifestRow {
  readonly id: number;
  readonly repository_id: number;
  readonly digest: string;
  readonly media_type: string;
  readonly image_size: number;
  readonly config_media_type: string | null;
  readonly artifact_type: string | null;
  readonly subject_digest: string | null;
  /** Bytes of the manifest. */
  readonly length: number;
  readonly live: number;
  readonly live_blob_bytes: number | null;
  readonly live_subject: string | null;
  readonly deleted_repository_id: number | null;
  readonly deleted_digest: string | null;
  readonly deleted_blob_bytes: number | null;
}

/** A blob that a manifest names, by the rows; what is `null` is not there. */
export interface ReferenceRow {
  readonly manifest_id: number;
  readonly repository_id: number;
  readonly blob_id: number;
  readonly digest: string | null;
  readonly size: number | null;
  /** Whether the repository sees the blob. */
  readonly linked: number;
}

/** A manifest that an index lists, by the rows. */
export interface ChildRow {
  readonly parent_id: number;
  readonly child_id: number;
  readonly repository_id: number | null;
  readonly digest: string | null;
  readonly image_size: number | null;
  readonly live: number;
}

/** What a manifest names and its repository did not have, and by now the row of it, if that has come and should be a reference. */
export interface MissingRow {
  readonly manifest_id: number;
  readonly kind: 'blob' | 'child';
  readonly digest: string;
  readonly came_as: number | null;
}

export interface ImageRow {
  readonly repository_id: number;
  readonly digest: string;
  readonly manifest_id: number;
  readonly blob_bytes: number;
  readonly manifest_repository_id: number | null;
  readonly manifest_digest: string | null;
  /** Where its digest leads. */
  readonly digest_manifest_id: number | null;
  /** Of the tags it has, one that does not lead to it. */
  readonly lost_tag: string | null;
}

/** A name, and what the image says that it leads to: live, deleted and not purged yet, or neither. */
export interface NameRow {
  readonly repository_id: number;
  readonly name: string;
  readonly manifest_id: number;
  readonly live: number;
  readonly deleted: number;
  /** Whether the live image has this name. */
  readonly known: number;
}

/** Whether a manifest is a live image's. */
export const isLive = (manifestId: RawBuilder<unknown>) => sql<number>`EXISTS (SELECT 1 FROM manifest AS content
  JOIN image ON image.repository_id = content.repository_id AND image.manifest_id = content.id
  WHERE content.id = ${manifestId})`;

export class ImageInspection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** In order of id, those after `after`. */
  async listManifests(after: number, limit: number): Promise<ManifestRow[]> {
    const { rows } = await sql<ManifestRow>`
      SELECT manifest.id, manifest.repository_id, manifest.digest, manifest.media_type, manifest.image_size,
        manifest.config_media_type, manifest.artifact_type, manifest.subject_digest, length(manifest.bytes) AS length,
        CASE WHEN image.manifest_id IS NULL THEN 0 ELSE 1 END AS live,
        image.blob_bytes AS live_blob_bytes, image.subject_digest AS live_subject,
        deleted.repository_id AS deleted_repository_id, deleted.digest AS deleted_digest,
        deleted.blob_bytes AS deleted_blob_bytes
      FROM manifest
      LEFT JOIN image ON image.repository_id = manifest.repository_id AND image.manifest_id = manifest.id
      LEFT JOIN deleted_image AS deleted ON deleted.manifest_id = manifest.id
      WHERE manifest.id > ${after} ORDER BY manifest.id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  async bytesOf(manifestIds: readonly number[]): Promise<Map<number, Uint8Array>> {
    const { rows } = await sql<{ id: number; bytes: Uint8Array }>`
      SELECT manifest.id, manifest.bytes FROM ${this.#wanted(manifestIds)} CROSS JOIN manifest
      WHERE manifest.id = wanted.value`.execute(this.#session.db);
    return new Map(rows.map(({ id, bytes }) => [id, bytes]));
  }

  /** What these manifests name, by manifest. */
  async referencesOf(manifestIds: readonly number[]): Promise<Map<number, ReferenceRow[]>> {
    const { rows } = await sql<ReferenceRow>`
      SELECT named.manifest_id, named.repository_id, named.blob_id, blob.digest, blob.size,
        CASE WHEN link.blob_id IS NULL THEN 0 ELSE 1 END AS linked
      FROM ${this.#wanted(manifestIds)} CROSS JOIN manifest_blob AS named
      LEFT JOIN blob ON blob.id = named.blob_id
      LEFT JOIN repository_blob AS link ON link.repository_id = named.repository_id AND link.blob_id = named.blob_id
      WHERE named.manifest_id = wanted.value`.execute(this.#session.db);
    return Map.groupBy(rows, (row) => row.manifest_id);
  }

  /** What these indexes list, by index. */
  async childrenOf(manifestIds: readonly number[]): Promise<Map<number, ChildRow[]>> {
    const { rows } = await sql<ChildRow>`
      SELECT listed.parent_id, listed.child_id, child.repository_id, child.digest, child.image_size,
        ${isLive(sql.ref('listed.child_id'))} AS live
      FROM ${this.#wanted(manifestIds)} CROSS JOIN manifest_child AS listed
      LEFT JOIN manifest AS child ON child.id = listed.child_id
      WHERE listed.parent_id = wanted.value`.execute(this.#session.db);
    return Map.groupBy(rows, (row) => row.parent_id);
  }

  /** What these manifests miss, by manifest. */
  async missingOf(manifestIds: readonly number[]): Promise<Map<number, MissingRow[]>> {
    const counts = (manifestId: RawBuilder<unknown>) => sql`(${isLive(manifestId)}
      OR EXISTS (SELECT 1 FROM deleted_image AS deleted
        WHERE deleted.manifest_id = ${manifestId} AND deleted.purge_at > deleted.deleted_at))`;
    const { rows } = await sql<MissingRow>`
      SELECT missing.manifest_id, 'blob' AS kind, missing.digest,
        (SELECT blob.id FROM blob CROSS JOIN repository_blob AS link
          WHERE blob.digest = missing.digest AND blob.size = missing.size AND link.blob_id = blob.id
            AND link.repository_id = missing.repository_id AND link.hidden = 0
            AND ${counts(sql.ref('missing.manifest_id'))}) AS came_as
      FROM ${this.#wanted(manifestIds)} CROSS JOIN missing_blob AS missing WHERE missing.manifest_id = wanted.value
      UNION ALL
      SELECT missing.parent_id, 'child', missing.digest,
        (SELECT image.manifest_id FROM digest CROSS JOIN image
          WHERE digest.repository_id = missing.repository_id AND digest.digest = missing.digest
            AND image.repository_id = digest.repository_id AND image.manifest_id = digest.manifest_id
            AND ${counts(sql.ref('missing.parent_id'))})
      FROM ${this.#wanted(manifestIds)} CROSS JOIN missing_child AS missing WHERE missing.parent_id = wanted.value`.execute(
      this.#session.db,
    );
    return Map.groupBy(rows, (row) => row.manifest_id);
  }

  /** Live images in order of repository and manifest, those after the key `after`. */
  async listImages(
    after: { readonly repositoryId: number; readonly manifestId: number },
    limit: number,
  ): Promise<ImageRow[]> {
    const tags = this.#session.dialect.elementsOf(sql.ref('image.tags'));
    const { rows } = await sql<ImageRow>`
      SELECT image.repository_id, image.digest, image.manifest_id, image.blob_bytes,
        manifest.repository_id AS manifest_repository_id, manifest.digest AS manifest_digest,
        digest.manifest_id AS digest_manifest_id,
        (SELECT listed.value FROM ${tags} AS listed WHERE NOT EXISTS (SELECT 1 FROM tag
          WHERE tag.repository_id = image.repository_id AND tag.name = listed.value
            AND tag.manifest_id = image.manifest_id) LIMIT 1) AS lost_tag
      FROM image LEFT JOIN manifest ON manifest.id = image.manifest_id
      LEFT JOIN digest ON digest.repository_id = image.repository_id AND digest.digest = image.digest
      WHERE (image.repository_id, image.manifest_id) > (${after.repositoryId}, ${after.manifestId})
      ORDER BY image.repository_id, image.manifest_id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** Tags or digests in order of repository and name, those after the key `after`. */
  async listNames(
    kind: 'tag' | 'digest',
    after: { readonly repositoryId: number; readonly name: string },
    limit: number,
  ): Promise<NameRow[]> {
    const name = sql.ref(kind === 'tag' ? 'lead.name' : 'lead.digest');
    const tags = this.#session.dialect.elementsOf(sql.ref('image.tags'));
    const known =
      kind === 'tag'
        ? sql`EXISTS (SELECT 1 FROM ${tags} AS listed WHERE listed.value = ${name})`
        : sql`image.digest = ${name}`;
    const { rows } = await sql<NameRow>`
      SELECT lead.repository_id, ${name} AS name, lead.manifest_id,
        CASE WHEN image.manifest_id IS NULL THEN 0 ELSE 1 END AS live,
        EXISTS (SELECT 1 FROM deleted_image AS deleted WHERE deleted.manifest_id = lead.manifest_id) AS deleted,
        CASE WHEN image.manifest_id IS NOT NULL AND ${known} THEN 1 ELSE 0 END AS known
      FROM ${sql.table(kind)} AS lead
      LEFT JOIN image ON image.repository_id = lead.repository_id AND image.manifest_id = lead.manifest_id
      WHERE (lead.repository_id, ${name}) > (${after.repositoryId}, ${after.name})
      ORDER BY lead.repository_id, ${name} LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  #wanted(ids: readonly number[]) {
    return this.#session.dialect.idRowsOf(ids).as('wanted');
  }
}
