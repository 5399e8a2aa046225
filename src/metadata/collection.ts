import { sql } from 'kysely';
import type { StoredName } from '../model/ids.ts';
import { holdBlobs } from './link-moves.ts';
import { idSetOf, type Session } from './session.ts';
import { UsageWriter } from './usage.ts';

export interface Trash {
  readonly storageKey: StoredName;
  /** Bytes. */
  readonly size: number;
  /** Erasures that failed so far, or that came too early. */
  readonly attempts: number;
}

/**
 * The way of bytes out of the store: a blob that no repository sees loses its row, and its key becomes trash; trash is erased
 * outside any transaction. A key in the trash can never be named again, so an erasure that comes late or twice harms nothing.
 */
export class Collection {
  readonly #session: Session;
  readonly #usage: UsageWriter;

  constructor(session: Session) {
    this.#session = session;
    this.#usage = new UsageWriter(session);
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
    // From then on nobody links to them. Whoever moved their links before holds them already.
    if (dialect.isShared) await holdBlobs(this.#session, idSetOf(this.#session, blobIds));
    const dead = await db
      .selectFrom(dialect.idRowsOf(blobIds).as('suspect'))
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
    const deadIds = idSetOf(
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
    const bytes = dead.reduce((sum, blob) => sum + blob.size, 0);
    await this.#usage.addToStore('blobs', { count: -dead.length, bytes: -bytes });
    await this.#usage.addToStore('trash', { count: dead.length, bytes });
    return { blobs: dead.length, bytes };
  }

  /**
   * Makes a name trash, unless an upload or a blob has it: those need their bytes. For a name that is trash already it counts
   * as another attempt, so that an erasure under way, which may have come before the last bytes, is not the last one.
   */
  async discard(trash: {
    readonly storageKey: StoredName;
    readonly size: number;
    readonly notBefore: number;
  }): Promise<void> {
    const { db } = this.#session;
    const again = await db
      .updateTable('gc_trash')
      .set((set) => ({ attempts: set('attempts', '+', 1) }))
      .where('storage_key', '=', trash.storageKey)
      .executeTakeFirst();
    if (again.numUpdatedRows > 0n) return;
    const { rows } = await sql`
      INSERT INTO gc_trash (storage_key, size, not_before, attempts)
      SELECT ${trash.storageKey}, ${trash.size}, ${trash.notBefore}, 0
      WHERE NOT EXISTS (SELECT 1 FROM upload WHERE upload.storage_key = ${trash.storageKey})
        AND NOT EXISTS (SELECT 1 FROM upload_name WHERE upload_name.storage_key = ${trash.storageKey})
        AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.storage_key = ${trash.storageKey})
      RETURNING storage_key`.execute(db);
    await this.#usage.addToStore('trash', { count: rows.length, bytes: rows.length * trash.size });
  }

  /**
   * Trash whose time has come, the oldest first, for the caller to erase. Where others erase, too, it is the caller's alone
   * until `until`; then it is anybody's, whose caller may have ended. Erasing it twice harms nothing.
   */
  async takeTrash(now: number, limit: number, until: number): Promise<Trash[]> {
    const { db, dialect } = this.#session;
    const due = db
      .selectFrom('gc_trash')
      .where('not_before', '<=', now)
      .orderBy('not_before')
      .limit(limit)
      .modifyEnd(dialect.taking('gc_trash'));
    // Apart, so that it runs once, however the planner joins: a second run would find and take others.
    const rows = dialect.isShared
      ? await db
          .with('due', () => due.select('storage_key'))
          .updateTable('gc_trash')
          .set({ not_before: until })
          .where('storage_key', 'in', (query) => query.selectFrom('due').select('due.storage_key'))
          .returning(['storage_key', 'size', 'attempts'])
          .execute()
      : await due.select(['storage_key', 'size', 'attempts']).execute();
    return rows.map((row) => ({ storageKey: row.storage_key as StoredName, size: row.size, attempts: row.attempts }));
  }

  /** Forgets keys whose bytes are gone, but for those that were discarded once more since they were listed. */
  async forgetTrash(erased: readonly Pick<Trash, 'storageKey' | 'attempts'>[]): Promise<void> {
    const { db, dialect } = this.#session;
    for (const [attempts, alike] of Map.groupBy(erased, (trash) => trash.attempts)) {
      const storageKeys = dialect.rowsOf(alike.map(({ storageKey }) => storageKey)).as('erased');
      const forgotten = await db
        .deleteFrom('gc_trash')
        .where('attempts', '=', attempts)
        .where('storage_key', 'in', (query) => query.selectFrom(storageKeys).select(sql<string>`value`.as('key')))
        .returning('size')
        .execute();
      const bytes = forgotten.reduce((sum, { size }) => sum + size, 0);
      await this.#usage.addToStore('trash', { count: -forgotten.length, bytes: -bytes });
    }
  }

  /** Keeps a key for another try. */
  async postponeTrash(failure: {
    readonly storageKey: StoredName;
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
