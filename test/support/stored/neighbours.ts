import type { Touch } from '../schedules/footprint.ts';

/** What foreign keys add to a change of rows, table by table. */
export class Neighbours {
  readonly #looked = new Map<string, Set<string>>();
  readonly #cascaded = new Map<string, Set<string>>();

  add({ from, to, cascades }: { readonly from: string; readonly to: string; readonly cascades: boolean }): void {
    put(this.#looked, from, to);
    put(this.#looked, to, from);
    if (cascades) put(this.#cascaded, to, from);
  }

  /** Tables that a change of rows looks at, to keep foreign keys. */
  lookedAt(table: string): Iterable<string> {
    return this.#looked.get(table) ?? [];
  }

  /** Tables whose rows go along. */
  goAlong(table: string): Iterable<string> {
    return this.#cascaded.get(table) ?? [];
  }
}

function put(sets: Map<string, Set<string>>, table: string, other: string): void {
  const set = sets.get(table) ?? new Set();
  sets.set(table, set.add(other));
}

/** What a database says of a statement. */
export interface Understood {
  readonly sql: string;
  readonly reads: Set<string>;
  readonly changed: Set<string>;
  readonly deletes: boolean;
  readonly neighbours: Neighbours;
  /** Tables whose rows are only moved by amounts, in `INSERT … ON CONFLICT DO UPDATE SET n = n + excluded.n`. */
  readonly counters: ReadonlySet<string>;
}

export function footprintOf({ sql, reads, changed, deletes, neighbours, counters }: Understood): Map<string, Touch> {
  // A set is gone through with what is added to it meanwhile: what goes along may take others along.
  for (const table of changed) {
    for (const other of neighbours.lookedAt(table)) reads.add(other);
    if (deletes) for (const other of neighbours.goAlong(table)) changed.add(other);
  }
  const touches = new Map<string, Touch>([...reads].map((table) => [table, 'read']));
  const adds = /^\s*insert\b/i.test(sql);
  for (const table of changed) touches.set(table, adds && counters.has(table) ? 'add' : 'write');
  return touches;
}
