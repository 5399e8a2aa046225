import { sql } from 'kysely';
import { IS_IDLE } from './link-moves.ts';
import type { Session } from './session.ts';
import { type Counted, UsageReader } from './usage.ts';

/** What waits for the collector. Instants are milliseconds since the epoch; `oldest` is absent where nothing waits. */
export interface CollectionStatus {
  /** Deleted images whose manifests are still there. `oldest` is when the first of them was due, or is. */
  readonly deleted: { readonly images: number; readonly oldest: number | undefined };
  /** Blobs that no image names; they may go from `oldest` on. */
  readonly idle: { readonly bytes: number; readonly oldest: number | undefined };
  /** Keys to erase. */
  readonly trash: Counted & {
    readonly oldest: number | undefined;
    /** Keys that could not be erased so far. */
    readonly failing: number;
    readonly lastError: string | undefined;
  };
}

/** Looks at the queues of collection. Each look reads one end of an index, but for the counts, which are of what waits. */
export class CollectionStatusReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async status(): Promise<CollectionStatus> {
    const { trash } = await new UsageReader(this.#session).ofStore();
    return {
      deleted: { images: await this.#countDeleted(), oldest: await this.#oldest('deleted_image', 'purge_at') },
      idle: { bytes: await this.#idleBytes(), oldest: await this.#oldestIdle() },
      trash: { ...trash, oldest: await this.#oldest('gc_trash', 'not_before'), ...(await this.#failing()) },
    };
  }

  async #countDeleted(): Promise<number> {
    const { db } = this.#session;
    const row = await db
      .selectFrom('deleted_image')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return row.count;
  }

  async #oldest(table: 'deleted_image' | 'gc_trash', column: 'purge_at' | 'not_before'): Promise<number | undefined> {
    const { rows } = await sql<{ oldest: number | null }>`
      SELECT min(${sql.ref(column)}) AS oldest FROM ${sql.table(table)}`.execute(this.#session.db);
    return rows[0]?.oldest ?? undefined;
  }

  async #idleBytes(): Promise<number> {
    const row = await this.#session.db
      .selectFrom('usage')
      .select((select) => select.fn.sum<number>('idle_bytes').as('bytes'))
      .where('scope', '=', 'registry')
      .executeTakeFirst();
    return row?.bytes ?? 0;
  }

  async #oldestIdle(): Promise<number | undefined> {
    const row = await this.#session.db
      .selectFrom('repository_blob')
      .select('keep_until')
      .where(IS_IDLE)
      .orderBy('keep_until')
      .limit(1)
      .executeTakeFirst();
    return row?.keep_until;
  }

  async #failing(): Promise<{ readonly failing: number; readonly lastError: string | undefined }> {
    const { rows } = await sql<{ failing: number; error: string | null }>`
      SELECT count(*) AS failing, max(last_error) AS error FROM gc_trash WHERE last_error IS NOT NULL`.execute(
      this.#session.db,
    );
    return { failing: rows[0]?.failing ?? 0, lastError: rows[0]?.error ?? undefined };
  }
}
