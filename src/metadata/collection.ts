import { type RawBuilder, sql } from 'kysely';
import type { StorageKey } from '../model/ids.ts';
import { type Session, setOf } from './session.ts';

/** A repository that may have stopped using a blob, and what a fresh look finds. */
export interface Candidate {
  readonly blobId: number;
  readonly repositoryId: number;
  /** Whether an image of the repository names the blob. */
  readonly referenced: boolean;
  /** `undefined` when the repository does not see the blob any more. */
  readonly leaseUntil: number | undefined;
}

export interface Trash {
  readonly storageKey: StorageKey;
  /** Bytes. */
  readonly size: number;
  /** Erasures that failed so far, or that came too early. */
  readonly attempts: number;
}

/**
 * The way of bytes out of the store: a blob that a repository may have stopped using becomes a candidate; one that no
 * repository uses loses its row, and its key becomes trash; trash is erased outside any transaction. A key in the trash can
 * never be named again, so an erasure that comes late or twice harms nothing.
 */
export class Collection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Asks for a look, not before `notBefore`, at every blob these images name. One statement, however many. */
  async nominateBlobsOf(manifestIds: readonly number[], notBefore: number): Promise<void> {
    const doomed = this.#session.dialect.rowsOf(manifestIds).as('doomed');
    await this.#nominate(sql`
      SELECT DISTINCT manifest_blob.blob_id, manifest_blob.repository_id, ${sql.val(notBefore)} AS not_before
      FROM ${doomed} CROSS JOIN manifest_blob WHERE manifest_blob.manifest_id = doomed.value`);
  }

  /** As `nominateBlobsOf`, for every blob the repository may see. */
  async nominateBlobsOfRepository(repositoryId: number, notBefore: number): Promise<void> {
    await this.#nominate(sql`
      SELECT blob_id, repository_id, ${sql.val(notBefore)} AS not_before
      FROM repository_blob WHERE repository_id = ${sql.val(repositoryId)}`);
  }

  /** Asks for a look, not before `notBefore`, at one blob in one repository. */
  async nominate(repositoryId: number, blobId: number, notBefore: number): Promise<void> {
    await this.#nominate(sql`
      SELECT ${sql.val(blobId)} AS blob_id, ${sql.val(repositoryId)} AS repository_id, ${sql.val(notBefore)} AS not_before`);
  }

  /** The later date wins: whoever let go last is owed the whole grace. In order of blob, so that two cannot deadlock. */
  async #nominate(candidates: RawBuilder<unknown>): Promise<void> {
    await sql`
      INSERT INTO gc_candidate (blob_id, repository_id, not_before)
      SELECT blob_id, repository_id, not_before FROM (${candidates}) AS candidate WHERE true ORDER BY blob_id, repository_id
      ON CONFLICT (blob_id, repository_id) DO UPDATE SET not_before = excluded.not_before
      WHERE excluded.not_before > gc_candidate.not_before`.execute(this.#session.db);
  }

  /** Candidates whose time has come, the oldest first. */
  async listDue(now: number, limit: number): Promise<Candidate[]> {
    const rows = await this.#session.db
      .selectFrom('gc_candidate as candidate')
      .leftJoin('repository_blob as link', (join) =>
        join
          .onRef('link.repository_id', '=', 'candidate.repository_id')
          .onRef('link.blob_id', '=', 'candidate.blob_id'),
      )
      .select([
        'candidate.blob_id as blobId',
        'candidate.repository_id as repositoryId',
        'link.lease_until as leaseUntil',
        sql<number>`EXISTS (SELECT 1 FROM manifest_blob WHERE manifest_blob.blob_id = candidate.blob_id
          AND manifest_blob.repository_id = candidate.repository_id)`.as('referenced'),
      ])
      .where('candidate.not_before', '<=', now)
      .orderBy('candidate.not_before')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      blobId: row.blobId,
      repositoryId: row.repositoryId,
      referenced: Number(row.referenced) === 1,
      leaseUntil: row.leaseUntil ?? undefined,
    }));
  }

  /** Takes the blobs out of the repository's sight. */
  async unlink(repositoryId: number, blobIds: readonly number[]): Promise<void> {
    await this.#session.db
      .deleteFrom('repository_blob')
      .where('repository_id', '=', repositoryId)
      .where('blob_id', 'in', setOf(this.#session, blobIds))
      .execute();
  }

  /** Drops candidates that have been dealt with. */
  async forget(repositoryId: number, blobIds: readonly number[]): Promise<void> {
    await this.#session.db
      .deleteFrom('gc_candidate')
      .where('repository_id', '=', repositoryId)
      .where('blob_id', 'in', setOf(this.#session, blobIds))
      .execute();
  }

  /** Puts candidates off until their leases end. */
  async postponeToLease(repositoryId: number, blobIds: readonly number[]): Promise<void> {
    await this.#session.db
      .updateTable('gc_candidate')
      .set({
        not_before: sql<number>`(SELECT lease_until FROM repository_blob AS link
          WHERE link.repository_id = gc_candidate.repository_id AND link.blob_id = gc_candidate.blob_id)`,
      })
      .where('repository_id', '=', repositoryId)
      .where('blob_id', 'in', setOf(this.#session, blobIds))
      .execute();
  }

  /**
   * Of these blobs, those that no repository sees lose their rows, and their keys become trash. The database itself refuses
   * if an image still names one.
   */
  async condemn(
    blobIds: readonly number[],
    eraseNotBefore: number,
  ): Promise<{ readonly blobs: number; readonly bytes: number }> {
    const { db, dialect } = this.#session;
    const dead = await db
      .selectFrom(dialect.rowsOf(blobIds).as('suspect'))
      .crossJoin('blob')
      .whereRef('blob.id', '=', sql<number>`suspect.value`)
      .select(['blob.id', 'blob.size'])
      .where((where) =>
        where.not(
          where.exists(
            where.selectFrom('repository_blob as link').select('link.blob_id').whereRef('link.blob_id', '=', 'blob.id'),
          ),
        ),
      )
      .execute();
    const deadIds = setOf(
      this.#session,
      dead.map((blob) => blob.id),
    );
    if (dead.length > 0) {
      await db
        .insertInto('gc_trash')
        .columns(['storage_key', 'size', 'not_before', 'attempts'])
        .expression((query) =>
          query
            .selectFrom('blob')
            .select(['storage_key', 'size', sql.val(eraseNotBefore).as('not_before'), sql.lit(0).as('attempts')])
            .where('id', 'in', deadIds),
        )
        .execute();
      await db.deleteFrom('blob').where('id', 'in', deadIds).execute();
    }
    return { blobs: dead.length, bytes: dead.reduce((sum, blob) => sum + blob.size, 0) };
  }

  /**
   * Makes a key trash, unless an upload or a blob has it: those need their bytes. For a key that is trash already it counts
   * as another attempt, so that an erasure under way, which may have come before the last bytes, is not the last one.
   */
  async discard(trash: {
    readonly storageKey: StorageKey;
    readonly size: number;
    readonly notBefore: number;
  }): Promise<void> {
    await sql`
      INSERT INTO gc_trash (storage_key, size, not_before, attempts)
      SELECT dead.storage_key, ${trash.size}, ${trash.notBefore}, 0
      FROM (SELECT ${trash.storageKey} AS storage_key) AS dead
      WHERE NOT EXISTS (SELECT 1 FROM upload WHERE upload.storage_key = dead.storage_key)
        AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.storage_key = dead.storage_key)
      ON CONFLICT (storage_key) DO UPDATE SET attempts = gc_trash.attempts + 1`.execute(this.#session.db);
  }

  /** Trash whose time has come, the oldest first. */
  async listTrash(now: number, limit: number): Promise<Trash[]> {
    const rows = await this.#session.db
      .selectFrom('gc_trash')
      .select(['storage_key', 'size', 'attempts'])
      .where('not_before', '<=', now)
      .orderBy('not_before')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ storageKey: row.storage_key as StorageKey, size: row.size, attempts: row.attempts }));
  }

  /** Forgets keys whose bytes are gone, but for those that were discarded once more since they were listed. */
  async forgetTrash(erased: readonly Pick<Trash, 'storageKey' | 'attempts'>[]): Promise<void> {
    const { db, dialect } = this.#session;
    for (const [attempts, alike] of Map.groupBy(erased, (trash) => trash.attempts)) {
      const storageKeys = dialect.rowsOf(alike.map(({ storageKey }) => storageKey)).as('erased');
      await db
        .deleteFrom('gc_trash')
        .where('attempts', '=', attempts)
        .where('storage_key', 'in', (query) => query.selectFrom(storageKeys).select(sql<string>`value`.as('key')))
        .execute();
    }
  }

  /** Keeps a key for another try. */
  async postponeTrash(failure: {
    readonly storageKey: StorageKey;
    readonly notBefore: number;
    readonly error: string;
  }): Promise<void> {
    await this.#session.db
      .updateTable('gc_trash')
      .set((set) => ({ not_before: failure.notBefore, attempts: set('attempts', '+', 1), last_error: failure.error }))
      .where('storage_key', '=', failure.storageKey)
      .execute();
  }
}
