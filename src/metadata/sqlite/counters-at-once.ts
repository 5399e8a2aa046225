import { sql } from 'kysely';
import type { Counters, StoreKind } from '../counters.ts';
import { prepare } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import type { Session } from '../session.ts';
import { COUNTERS, USAGE_COLUMNS } from '../usage.ts';

const addToStore = prepare(
  (db, { kind, count, bytes }: { readonly kind: StoreKind; readonly count: number; readonly bytes: number }) =>
    db
      .insertInto('store_usage')
      .values({ kind, count, bytes })
      .onConflict((conflict) =>
        conflict.column('kind').doUpdateSet({
          count: sql<number>`store_usage.count + excluded.count`,
          bytes: sql<number>`store_usage.bytes + excluded.bytes`,
        }),
      ),
);

const addRows = prepare((_, { rows }: { readonly rows: string }, dialect) => {
  const added = dialect.recordsIn(rows, USAGE_COLUMNS);
  const sums = COUNTERS.map(
    (counter) => sql`${sql.ref(counter)} = ${sql.ref(`usage.${counter}`)} + ${sql.ref(`excluded.${counter}`)}`,
  );
  return sql`INSERT INTO usage (scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
    SELECT scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes FROM ${added} AS added WHERE true
    ON CONFLICT (scope, id) DO UPDATE SET ${sql.join(sums)}`;
});

/** Adds where the counters stand, one row each: there is one writer, and nobody waits for a row. */
export class CountersAtOnce implements Counters {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async addUsage(rows: readonly Schema['usage'][]): Promise<void> {
    const changed = rows.filter((row) => COUNTERS.some((counter) => row[counter] !== 0));
    if (changed.length === 0) return;
    await addRows(this.#session, { rows: JSON.stringify(changed) });
  }

  async addToStore(
    kind: StoreKind,
    { count, bytes }: { readonly count: number; readonly bytes: number },
  ): Promise<void> {
    if (count === 0 && bytes === 0) return;
    await addToStore(this.#session, { kind, count, bytes });
  }

  async forgetRepository(repositoryId: number): Promise<void> {
    await this.#session.db
      .deleteFrom('usage')
      .where('scope', '=', 'repository')
      .where('id', '=', repositoryId)
      .execute();
  }

  async settle(): Promise<void> {}
}
