import { sql } from 'kysely';
import type { Counters, StoreKind } from '../counters.ts';
import { prepare } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import type { Session } from '../session.ts';
import { COUNTERS, USAGE_COLUMNS } from '../usage.ts';

type UsageRow = Schema['usage'];
type Counted = { readonly count: number; readonly bytes: number };

const addUsage = prepare((_, { rows }: { readonly rows: string }, dialect) => {
  const sums = COUNTERS.map(
    (counter) => sql`${sql.ref(counter)} = ${sql.ref(`part.${counter}`)} + ${sql.ref(`excluded.${counter}`)}`,
  );
  return sql`INSERT INTO usage_part AS part (scope, id, shard, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
    SELECT scope, id, CASE scope WHEN 'registry' THEN ${SHARD} ELSE 0 END, images, logical_bytes, live_bytes, held_bytes, idle_bytes
    FROM ${dialect.recordsIn(rows, USAGE_COLUMNS)} AS added ORDER BY scope, id
    ON CONFLICT (scope, id, shard) DO UPDATE SET ${sql.join(sums)}`;
});

const addToStore = prepare(
  (_, { rows }: { readonly rows: string }, dialect) =>
    sql`INSERT INTO store_usage_part AS part (kind, shard, count, bytes)
    SELECT kind, ${SHARD}, count, bytes
    FROM ${dialect.recordsIn(rows, { kind: 'text', count: 'number', bytes: 'number' })} AS added ORDER BY kind
    ON CONFLICT (kind, shard) DO UPDATE SET count = part.count + excluded.count, bytes = part.bytes + excluded.bytes`,
);

/** Which part of a counter that everybody moves a connection moves: two of them seldom share one. */
const SHARD = sql.raw('pg_backend_pid() % 16');

/**
 * Gathers what a transaction adds to counters, and writes it at the transaction's end, in one order: a row that everybody moves
 * is held no longer than the commit takes, and nobody who holds one waits for anything else. Counters of registries and of
 * the store are kept in parts, whose sum counts.
 */
export class GatheredCounters implements Counters {
  readonly #session: Session;
  readonly #usage = new Map<string, UsageRow>();
  readonly #store = new Map<StoreKind, Counted>();

  constructor(session: Session) {
    this.#session = session;
  }

  async addUsage(rows: readonly UsageRow[]): Promise<void> {
    for (const row of rows) {
      const key = `${row.scope} ${row.id}`;
      const known = this.#usage.get(key);
      this.#usage.set(key, known ? sumOf(known, row) : row);
    }
  }

  async addToStore(kind: StoreKind, { count, bytes }: Counted): Promise<void> {
    const known = this.#store.get(kind) ?? { count: 0, bytes: 0 };
    this.#store.set(kind, { count: known.count + count, bytes: known.bytes + bytes });
  }

  async forgetRepository(repositoryId: number): Promise<void> {
    this.#usage.delete(`repository ${repositoryId}`);
    await sql`DELETE FROM usage_part WHERE scope = 'repository' AND id = ${repositoryId}`.execute(this.#session.db);
  }

  async settle(): Promise<void> {
    await Promise.all(this.writes());
  }

  /** Writes what has been gathered, in order; nothing is gathered any more. */
  writes(): Promise<unknown>[] {
    const usage = [...this.#usage.values()].filter((row) => COUNTERS.some((counter) => row[counter] !== 0));
    const store = [...this.#store]
      .filter(([, { count, bytes }]) => count !== 0 || bytes !== 0)
      .map(([kind, counted]) => ({ kind, ...counted }));
    this.#usage.clear();
    this.#store.clear();
    return [
      ...(usage.length > 0 ? [addUsage(this.#session, { rows: JSON.stringify(usage) })] : []),
      ...(store.length > 0 ? [addToStore(this.#session, { rows: JSON.stringify(store) })] : []),
    ];
  }
}

function sumOf(one: UsageRow, other: UsageRow): UsageRow {
  const sums = COUNTERS.map((counter) => [counter, one[counter] + other[counter]]);
  return { ...one, ...(Object.fromEntries(sums) as Pick<UsageRow, (typeof COUNTERS)[number]>) };
}
