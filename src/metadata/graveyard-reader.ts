import { type Selectable, sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';

/** An image that answers as deleted. */
export interface DeletedImage {
  readonly id: number;
  readonly digest: string;
  readonly deletedAt: number;
  /** Until then it may be restored. */
  readonly purgeAt: number;
}

/** A tag that was deleted, with its image or without. */
export interface DeletedTag {
  readonly id: number;
  readonly name: string;
  readonly digest: string;
  readonly manifestId: number;
  readonly deletedAt: number;
  readonly purgeAt: number;
}

/** What was deleted and may still be restored. */
export class GraveyardReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Images that could be restored at `now`, in order of digest, those after `after`; the last deletion of each digest. */
  async list(
    repositoryId: number,
    page: { readonly now: number; readonly after: string; readonly limit: number },
  ): Promise<DeletedImage[]> {
    const rows = await this.session.db
      .selectFrom('deleted_image')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('digest', '>', page.after)
      .where('purge_at', '>', page.now)
      .where('purge_at', '>', sql.ref<number>('deleted_at'))
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM deleted_image AS later WHERE later.repository_id = deleted_image.repository_id
          AND later.digest = deleted_image.digest AND later.purge_at > later.deleted_at
          AND later.manifest_id > deleted_image.manifest_id)`,
      )
      .orderBy('digest')
      .limit(page.limit)
      .execute();
    return rows.map(toImage);
  }

  /** Of the images that had this digest, the one deleted last, if it could be restored at `now`. */
  async find(repositoryId: number, digest: string, now: number): Promise<DeletedImage | undefined> {
    const row = await this.session.db
      .selectFrom('deleted_image')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .where('purge_at', '>', now)
      .where('purge_at', '>', sql.ref<number>('deleted_at'))
      .orderBy('deleted_at', 'desc')
      .orderBy('manifest_id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && toImage(row);
  }

  /** The tags that went together with these images, in the order they had been pushed, by image. */
  async tagsOf(images: readonly DeletedImage[]): Promise<Map<number, DeletedTag[]>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.idRowsOf(images.map((image) => image.id)).as('wanted'))
      .crossJoin('deleted_image as image')
      .crossJoin('deleted_tag')
      .selectAll('deleted_tag')
      .whereRef('image.manifest_id', '=', sql<number>`wanted.value`)
      .whereRef('deleted_tag.manifest_id', '=', 'image.manifest_id')
      .whereRef('deleted_tag.deleted_at', '=', 'image.deleted_at')
      .orderBy('deleted_tag.id')
      .execute();
    return Map.groupBy(rows.map(toTag), (tag) => tag.manifestId);
  }

  /** Of the tags of this name, the one deleted last, if it could be restored at `now`. */
  async findTag(repositoryId: number, name: string, now: number): Promise<DeletedTag | undefined> {
    const row = await this.session.db
      .selectFrom('deleted_tag')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('name', '=', name)
      .where('purge_at', '>', now)
      .orderBy('deleted_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && toTag(row);
  }

  /** Those of these images that are deleted and could be restored at `now`. */
  async findAll(manifestIds: readonly number[], now: number): Promise<DeletedImage[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('deleted_image')
      .selectAll('deleted_image')
      .whereRef('deleted_image.manifest_id', '=', sql<number>`wanted.value`)
      .where('deleted_image.purge_at', '>', now)
      .execute();
    return rows.map(toImage);
  }

  /**
   * Images that went at that very instant, as those of a deleted repository do, in order of digest: of each digest that is not
   * live the last, for it may have been deleted and pushed within one instant.
   */
  async listDeletedAt(repositoryId: number, deletedAt: number, after: string, limit: number): Promise<DeletedImage[]> {
    const rows = await this.session.db
      .selectFrom('deleted_image')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('digest', '>', after)
      .where('deleted_at', '=', deletedAt)
      .where('purge_at', '>', sql.ref<number>('deleted_at'))
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM deleted_image AS later WHERE later.repository_id = deleted_image.repository_id
          AND later.digest = deleted_image.digest AND later.deleted_at = deleted_image.deleted_at
          AND later.purge_at > later.deleted_at AND later.manifest_id > deleted_image.manifest_id)`,
      )
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM digest CROSS JOIN image
          WHERE image.repository_id = digest.repository_id AND image.manifest_id = digest.manifest_id
          AND digest.repository_id = deleted_image.repository_id AND digest.digest = deleted_image.digest)`,
      )
      .orderBy('digest')
      .limit(limit)
      .execute();
    return rows.map(toImage);
  }

  /** What these images list, by their ids. */
  async childrenOf(manifestIds: readonly number[]): Promise<number[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest_child')
      .whereRef('manifest_child.parent_id', '=', sql<number>`wanted.value`)
      .select('manifest_child.child_id')
      .distinct()
      .execute();
    return rows.map((row) => row.child_id);
  }

  /** Tags that could be restored at `now` and did not go with their images, in order of name, those after `after`. */
  async listTags(
    repositoryId: number,
    page: { readonly now: number; readonly after: string; readonly limit: number },
  ): Promise<DeletedTag[]> {
    const rows = await this.session.db
      .selectFrom('deleted_tag')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('name', '>', page.after)
      .where('purge_at', '>', page.now)
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM deleted_tag AS later WHERE later.repository_id = deleted_tag.repository_id
          AND later.name = deleted_tag.name AND later.id > deleted_tag.id)`,
      )
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM deleted_image AS image WHERE image.manifest_id = deleted_tag.manifest_id
          AND image.deleted_at = deleted_tag.deleted_at)`,
      )
      .orderBy('name')
      .limit(page.limit)
      .execute();
    return rows.map(toTag);
  }
}

function toImage(row: Selectable<Schema['deleted_image']>): DeletedImage {
  return { id: row.manifest_id, digest: row.digest, deletedAt: row.deleted_at, purgeAt: row.purge_at };
}

function toTag(row: Selectable<Schema['deleted_tag']>): DeletedTag {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    manifestId: row.manifest_id,
    deletedAt: row.deleted_at,
    purgeAt: row.purge_at,
  };
}
