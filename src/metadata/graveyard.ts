import { sql } from 'kysely';
import { type DeletedImage, GraveyardReader } from './graveyard-reader.ts';
import { LinkWriter } from './links.ts';
import { Missing } from './missing.ts';
import { NameWriter } from './names.ts';
import { idSetOf, type Session } from './session.ts';
import { takeDue } from './take-due.ts';
import { type Scope, UsageWriter } from './usage.ts';

/** An image whose time to be restored is over. */
export interface PurgeableImage extends Scope {
  readonly id: number;
  /** Whether its blobs were held for an undo. */
  readonly held: boolean;
}

/** What was deleted and is not purged yet. */
export class Graveyard extends GraveyardReader {
  readonly #links: LinkWriter;
  readonly #missing: Missing;
  readonly #names: NameWriter;
  readonly #usage: UsageWriter;

  constructor(session: Session) {
    super(session);
    this.#links = new LinkWriter(session);
    this.#missing = new Missing(session);
    this.#names = new NameWriter(session);
    this.#usage = new UsageWriter(session);
  }

  /** Keeps what these live tags say, in the order given, for they are about to be deleted. */
  async keepTags(
    repositoryId: number,
    names: readonly string[],
    { at, purgeAt }: { readonly at: number; readonly purgeAt: number },
  ): Promise<void> {
    if (names.length === 0) return;
    await this.session.db
      .insertInto('deleted_tag')
      .columns(['repository_id', 'name', 'digest', 'manifest_id', 'tagged_at', 'deleted_at', 'purge_at'])
      .expression((query) =>
        query
          .selectFrom(this.session.dialect.rowsOf(names).as('wanted'))
          .crossJoin('tag')
          .crossJoin('image')
          .where('tag.repository_id', '=', repositoryId)
          .whereRef('tag.name', '=', sql<string>`wanted.value`)
          .where('image.repository_id', '=', repositoryId)
          .whereRef('image.manifest_id', '=', 'tag.manifest_id')
          .select([
            'tag.repository_id',
            'tag.name',
            'image.digest',
            'tag.manifest_id',
            'tag.tagged_at',
            sql.val(at).as('deleted_at'),
            sql.val(purgeAt).as('purge_at'),
          ])
          .orderBy(sql`wanted.key`),
      )
      .execute();
  }

  /** Makes these images live again, untagged. The caller has looked: their digests are free, and what they list is live. */
  async restore(scope: Scope, images: readonly DeletedImage[]): Promise<void> {
    if (images.length === 0) return;
    const { db } = this.session;
    const ids = images.map((image) => image.id);
    const moves = await this.#links.name(scope, ids, { held: true });
    const back = await db
      .insertInto('image')
      .columns([
        'repository_id',
        'manifest_id',
        'digest',
        'tags',
        'blob_bytes',
        'pushed_at',
        'last_pulled_at',
        'subject_digest',
      ])
      .expression((query) =>
        query
          .selectFrom(this.session.dialect.idRowsOf(ids).as('wanted'))
          .crossJoin('deleted_image as deleted')
          .crossJoin('manifest')
          .whereRef('deleted.manifest_id', '=', sql<number>`wanted.value`)
          .whereRef('manifest.id', '=', 'deleted.manifest_id')
          .select([
            'deleted.repository_id',
            'deleted.manifest_id',
            'deleted.digest',
            sql.lit('[]').as('tags'),
            'deleted.blob_bytes',
            'deleted.pushed_at',
            'deleted.last_pulled_at',
            'manifest.subject_digest',
          ]),
      )
      .returning('blob_bytes')
      .execute();
    await db.deleteFrom('deleted_image').where('manifest_id', 'in', idSetOf(this.session, ids)).execute();
    await this.#names.put(scope.repositoryId, ids);
    const logicalBytes = back.reduce((sum, image) => sum + image.blob_bytes, 0);
    await this.#usage.add(scope, { images: back.length, logicalBytes }, moves);
    // What comes back may be what others were pushed without: a blob was hidden, an image was gone.
    await this.#links.makeUp(scope, await this.#blobsOf(ids));
    await this.#missing.adopt(scope.repositoryId, ids);
  }

  /** Holds what these images name, where others write, too, for they are about to be restored, some after others. */
  async hold(images: readonly DeletedImage[]): Promise<void> {
    await this.#links.holdBlobsOf(images.map((image) => image.id));
  }

  async #blobsOf(manifestIds: readonly number[]): Promise<number[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest_blob')
      .whereRef('manifest_blob.manifest_id', '=', sql<number>`wanted.value`)
      .select('manifest_blob.blob_id')
      .distinct()
      .execute();
    return rows.map((row) => row.blob_id);
  }

  /**
   * Where an index lists a deleted image that has been pushed again, lets it list the live one. That may have come with more of
   * what it names than the other, or with less.
   */
  async listInstead(deletedId: number, liveId: number): Promise<void> {
    await this.session.db
      .updateTable('manifest_child')
      .set({ child_id: liveId })
      .where('child_id', '=', deletedId)
      .execute();
    await this.#missing.resizeAbove([liveId]);
  }

  /** Forgets deleted tags: they are live again. */
  async forgetTags(ids: readonly number[]): Promise<void> {
    await this.session.db.deleteFrom('deleted_tag').where('id', 'in', idSetOf(this.session, ids)).execute();
  }

  /**
   * Images whose time was over at `now`, the oldest first, in repositories that nobody else works on. One that an index lists waits until the index is purged, even
   * where a window that was made shorter lets its own time end before.
   */
  async takePurgeable(now: number, limit: number): Promise<PurgeableImage[]> {
    const look = (most: number, repositoryIds?: readonly number[]) => this.#findPurgeable(now, most, repositoryIds);
    const images = await takeDue(this.session, limit, look, (image) => image.repositoryId);
    await this.#links.holdBlobsOf(images.filter(({ held }) => held).map(({ id }) => id));
    return images;
  }

  async #findPurgeable(now: number, limit: number, repositoryIds?: readonly number[]): Promise<PurgeableImage[]> {
    const due = this.session.db
      .selectFrom('deleted_image')
      .innerJoin('repository', 'repository.id', 'deleted_image.repository_id')
      .select([
        'deleted_image.manifest_id',
        'deleted_image.repository_id',
        'repository.registry_id',
        'deleted_image.deleted_at',
        'deleted_image.purge_at',
      ])
      .where('deleted_image.purge_at', '<=', now)
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom('manifest_child')
              .select('manifest_child.child_id')
              .whereRef('manifest_child.child_id', '=', 'deleted_image.manifest_id'),
          ),
        ),
      )
      .orderBy('deleted_image.purge_at')
      .limit(limit);
    const only = repositoryIds && idSetOf(this.session, repositoryIds);
    const rows = await (only ? due.where('deleted_image.repository_id', 'in', only) : due).execute();
    return rows.map((row) => ({
      id: row.manifest_id,
      repositoryId: row.repository_id,
      registryKey: row.registry_id,
      held: row.purge_at > row.deleted_at,
    }));
  }

  /** Removes what is left of these images: what was pushed, what it named, and what led to it. */
  async purge(scope: Scope, images: readonly PurgeableImage[]): Promise<void> {
    const { db } = this.session;
    const held = images.filter((image) => image.held).map((image) => image.id);
    const moves = held.length > 0 ? await this.#links.letGo(scope, held) : [];
    const manifestIds = images.map((image) => image.id);
    const ids = idSetOf(this.session, manifestIds);
    await this.#names.forget(scope.repositoryId, manifestIds);
    if (held.length > 0) await db.deleteFrom('deleted_tag').where('manifest_id', 'in', ids).execute();
    await db.deleteFrom('deleted_image').where('manifest_id', 'in', ids).execute();
    await db.deleteFrom('manifest').where('id', 'in', ids).execute();
    await this.#usage.add(scope, {}, moves);
  }

  /** Forgets deleted tags whose time was over at `now`; answers how many. */
  async purgeTags(now: number, limit: number): Promise<number> {
    const { db, dialect } = this.session;
    // Apart, so that it runs once, however the planner joins: a second run would find and take others.
    const due = db
      .selectFrom('deleted_tag')
      .select('id')
      .where('purge_at', '<=', now)
      .limit(limit)
      .modifyEnd(dialect.taking('deleted_tag'));
    const result = await db
      .with('due', () => due)
      .deleteFrom('deleted_tag')
      .where('id', 'in', (query) => query.selectFrom('due').select('due.id'))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
