import { type RawBuilder, sql } from 'kysely';
import {
  holdBlobs,
  holdMoved,
  IS_IDLE,
  type Link,
  movesOf,
  movesOfNamed,
  movesOfNew,
  movesOfReleased,
  namesOf,
} from './link-moves.ts';
import { LinkReader, namedBy } from './link-reader.ts';
import { Missing } from './missing.ts';
import { prepareToSend } from './prepared.ts';
import { idSetOf, type Session } from './session.ts';
import { takeDue } from './take-due.ts';
import { LINK_STATE, type Move, type Scope, UsageWriter } from './usage.ts';

/** A link that nothing needs and whose time is over. */
export interface IdleLink extends Scope {
  readonly blobId: number;
}

const putLink = prepareToSend((db, link: Link & { readonly keepUntil: number }, dialect) =>
  db
    .insertInto('repository_blob')
    .values({
      repository_id: link.repositoryId,
      blob_id: link.blobId,
      registry_id: link.registryKey,
      size: link.size,
      refs: 0,
      holds: 0,
      keep_until: link.keepUntil,
      media_type: null,
    })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'blob_id']).doUpdateSet((set) => ({
        keep_until: dialect.greatest(set.ref('repository_blob.keep_until'), set.ref('excluded.keep_until')),
        hidden: 0,
      })),
    ),
);

type Counting = {
  readonly manifestIds: readonly number[];
  readonly refs: number;
  readonly holds: number;
  readonly keepUntil: number;
};

/**
 * Moves the counts of every blob that these images name. Every such link is there, for the database lets none go that is
 * named; so the insert always meets its conflict, and finds each link by its key however the planner counts.
 */
const count = prepareToSend(
  (_, { manifestIds, refs, holds, keepUntil }: Counting, dialect) => sql`
    INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until)
    SELECT named.repository_id, named.blob_id, 0, 0, count(*), count(*), ${keepUntil}
    FROM ${dialect.idRowsOf(manifestIds).as('wanted')} CROSS JOIN manifest_blob AS named WHERE named.manifest_id = wanted.value
    GROUP BY named.repository_id, named.blob_id
    ON CONFLICT (repository_id, blob_id) DO UPDATE SET
      refs = repository_blob.refs + ${refs} * excluded.refs,
      holds = repository_blob.holds + ${holds} * excluded.holds,
      keep_until = ${dialect.greatest(sql.ref<number>('repository_blob.keep_until'), sql.ref<number>('excluded.keep_until'))},
      hidden = CASE WHEN ${refs} > 0 THEN 0 ELSE repository_blob.hidden END`,
);

/**
 * Who needs which blob. Each repository that may see a blob has a link to it, which counts the images that name the blob;
 * every method that moves a count moves the bytes in `usage`, in the same transaction.
 */
export class LinkWriter extends LinkReader {
  readonly #usage: UsageWriter;
  readonly #missing: Missing;

  constructor(session: Session) {
    super(session);
    this.#usage = new UsageWriter(session);
    this.#missing = new Missing(session);
  }

  /** Lets the repository see the blob, again if it was hidden, at least until `keepUntil`. What keeps it longer stays as it is. */
  async put(scope: Scope, blob: { readonly id: number; readonly size: number }, keepUntil: number): Promise<void> {
    const link = { ...namesOf(scope), blobId: blob.id, size: blob.size };
    const moves = await movesOfNew(this.session, link);
    await putLink(this.session, { ...link, keepUntil });
    await this.#usage.add(scope, {}, moves);
    await this.makeUp(scope, [blob.id]);
  }

  /**
   * Lets images name these blobs that were pushed without them: live ones, and deleted ones that may be restored. The
   * repository sees the blobs.
   */
  async makeUp(scope: Scope, blobIds: readonly number[]): Promise<void> {
    const awaiting = await this.#missing.awaiting(scope.repositoryId, blobIds);
    for (const [blobId, images] of Map.groupBy(awaiting, (row) => row.blobId)) {
      const size = images[0]?.size ?? 0;
      const refs = images.filter((image) => image.live === 1).length;
      const holds = images.length - refs;
      const moves = await this.#movesOf(
        scope,
        sql`SELECT blob_id, size, state AS before,
            CASE WHEN refs + ${refs} > 0 THEN ${sql.lit(LINK_STATE.live)} ELSE ${sql.lit(LINK_STATE.held)} END AS after
          FROM repository_blob WHERE repository_id = ${scope.repositoryId} AND blob_id = ${blobId}`,
      );
      await this.#missing.settle(
        scope.repositoryId,
        { id: blobId, size },
        images.map((image) => image.manifestId),
      );
      await sql`UPDATE repository_blob SET refs = refs + ${refs}, holds = holds + ${holds},
          media_type = ${images.at(-1)?.mediaType ?? null}
        WHERE repository_id = ${scope.repositoryId} AND blob_id = ${blobId}`.execute(this.session.db);
      await this.#usage.add(scope, { logicalBytes: refs * size }, moves);
    }
  }

  /** Keeps the blob for the repository at least until then. */
  async keep(repositoryId: number, blobIds: readonly number[], until: number): Promise<void> {
    await this.session.db
      .updateTable('repository_blob')
      .set({ keep_until: until })
      .where('repository_id', '=', repositoryId)
      .where('blob_id', 'in', idSetOf(this.session, blobIds))
      .where('keep_until', '<', until)
      .execute();
  }

  /**
   * Hides the blob from the repository, as if it had never seen it. Whatever lease there was is over; bytes are kept until
   * `keepUntil`, and as long as an image holds them that may be restored. The caller has looked: no live image names it.
   */
  async hide(repositoryId: number, blobId: number, keepUntil: number): Promise<void> {
    await this.session.db
      .updateTable('repository_blob')
      .set({ hidden: 1, keep_until: keepUntil })
      .where('repository_id', '=', repositoryId)
      .where('blob_id', '=', blobId)
      .execute();
  }

  /**
   * Counts these images as naming their blobs, which are seen again if they were hidden. Their references must stand; `held`
   * says that they were counted as held.
   */
  async name(
    scope: Scope,
    manifestIds: readonly number[],
    { held }: { readonly held: boolean } = { held: false },
  ): Promise<Move[]> {
    const [moves] = await Promise.all([
      movesOfNamed(this.session, { ...namesOf(scope), manifestIds }),
      count(this.session, { manifestIds, refs: 1, holds: held ? -1 : 0, keepUntil: 0 }),
    ]);
    return moves;
  }

  /** Counts these images as gone; with `hold` as gone but for an undo. Blobs stay at least until `keepUntil`. */
  async release(
    scope: Scope,
    manifestIds: readonly number[],
    { hold, keepUntil }: { readonly hold: boolean; readonly keepUntil: number },
  ): Promise<Move[]> {
    const held = hold ? 1 : 0;
    const [moves] = await Promise.all([
      movesOfReleased(this.session, { ...namesOf(scope), manifestIds, held }),
      count(this.session, { manifestIds, refs: -1, holds: held, keepUntil }),
    ]);
    return moves;
  }

  /** Counts these images, which were held, as gone for good. */
  async letGo(scope: Scope, manifestIds: readonly number[]): Promise<Move[]> {
    const moves = await this.#movesOf(
      scope,
      sql`SELECT blob_id, size, ${sql.lit(LINK_STATE.held)} AS before, ${sql.lit(LINK_STATE.idle)} AS after
        FROM (${namedBy(this.session.dialect, scope, manifestIds)}) AS named WHERE refs = 0 AND holds = times`,
    );
    await count(this.session, { manifestIds, refs: 0, holds: -1, keepUntil: 0 });
    return moves;
  }

  /**
   * Links that nothing needs and whose time is over, those waiting longest first, in repositories that nobody else works on. A fresh look at who names the blob stands
   * beside the count: the count says where to look, it does not decide.
   */
  async takeIdle(now: number, limit: number): Promise<IdleLink[]> {
    const look = (most: number, repositoryIds?: readonly number[]) => this.#findIdle(now, most, repositoryIds);
    const idle = await takeDue(this.session, limit, look, (link) => link.repositoryId);
    if (this.session.dialect.isShared) {
      await holdBlobs(this.session, idSetOf(this.session, [...new Set(idle.map((link) => link.blobId))]));
    }
    return idle;
  }

  async #findIdle(now: number, limit: number, repositoryIds?: readonly number[]): Promise<IdleLink[]> {
    const only = repositoryIds ? sql`AND link.repository_id IN ${idSetOf(this.session, repositoryIds)}` : sql``;
    const { rows } = await sql<{ repository_id: number; registry_id: number; blob_id: number }>`
      SELECT link.repository_id, link.registry_id, link.blob_id FROM repository_blob AS link
      WHERE ${IS_IDLE} AND link.keep_until <= ${now} ${only}
        AND NOT EXISTS (SELECT 1 FROM manifest_blob AS named
          WHERE named.blob_id = link.blob_id AND named.repository_id = link.repository_id)
      ORDER BY link.keep_until LIMIT ${limit}`.execute(this.session.db);
    return rows.map((row) => ({ repositoryId: row.repository_id, registryKey: row.registry_id, blobId: row.blob_id }));
  }

  /** Holds all that these images name, where others write, too: their links may be moved in any order then. */
  async holdBlobsOf(manifestIds: readonly number[]): Promise<void> {
    if (!this.session.dialect.isShared || manifestIds.length === 0) return;
    const named = sql<number>`(SELECT named.blob_id FROM manifest_blob AS named
      WHERE named.manifest_id IN ${idSetOf(this.session, manifestIds)})`;
    await holdBlobs(this.session, named);
  }

  /** Takes idle blobs out of the repository's sight. */
  async remove(scope: Scope, blobIds: readonly number[]): Promise<void> {
    const wanted = this.session.dialect.idRowsOf(blobIds).as('wanted');
    const moves = await this.#movesOf(
      scope,
      sql`SELECT link.blob_id, link.size, ${sql.lit(LINK_STATE.idle)} AS before, ${sql.lit(LINK_STATE.absent)} AS after
        FROM ${wanted} CROSS JOIN repository_blob AS link
        WHERE link.repository_id = ${scope.repositoryId} AND link.blob_id = wanted.value`,
    );
    await this.session.db
      .deleteFrom('repository_blob')
      .where('repository_id', '=', scope.repositoryId)
      .where('blob_id', 'in', idSetOf(this.session, blobIds))
      .execute();
    await this.#usage.add(scope, {}, moves);
  }

  async #movesOf(scope: Scope, changes: RawBuilder<unknown>): Promise<Move[]> {
    const { db, dialect } = this.session;
    if (dialect.isShared) await holdMoved(dialect, changes).execute(db);
    return (await movesOf(scope, changes).execute(db)).rows;
  }
}
