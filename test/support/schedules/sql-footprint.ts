import { constants, DatabaseSync } from 'node:sqlite';
import type { Touch } from './footprint.ts';

/** Tables whose rows are only moved by amounts, in `INSERT … ON CONFLICT DO UPDATE SET n = n + excluded.n`. */
const COUNTERS = new Set(['usage', 'store_usage']);

interface Neighbours {
  /** Tables that a change of rows looks at, to keep foreign keys. */
  readonly looked: Set<string>;
  /** Tables whose rows go along. */
  readonly cascaded: Set<string>;
}

/** Says which tables a statement reads and writes, as SQLite itself understands it, with what foreign keys add to that. */
export class SqlFootprints {
  readonly #database = new DatabaseSync(':memory:');
  readonly #neighbours = new Map<string, Neighbours>();
  readonly #known = new Map<string, ReadonlyMap<string, Touch>>();
  #heard: (action: number, table: string) => void = () => {};

  /** Learns the schema from a database file. */
  constructor(databasePath: string) {
    const from = new DatabaseSync(databasePath, { readOnly: true });
    const master = from.prepare("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").all();
    for (const { type, sql } of master) if (type === 'table') this.#database.exec(String(sql));
    for (const { type, sql } of master) if (type !== 'table' && sql !== null) this.#database.exec(String(sql));
    for (const { type, name } of master) if (type === 'table') this.#learnForeignKeys(from, String(name));
    from.close();
    this.#database.setAuthorizer((action, table) => {
      if (table) this.#heard(action, table);
      return constants.SQLITE_OK;
    });
  }

  of(sql: string): ReadonlyMap<string, Touch> {
    const known = this.#known.get(sql);
    if (known) return known;
    const found = this.#look(sql);
    this.#known.set(sql, found);
    return found;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #look(sql: string): ReadonlyMap<string, Touch> {
    const reads = new Set<string>();
    const changed = new Set<string>();
    let deletes = false;
    this.#heard = (action, table) => {
      if (action === constants.SQLITE_READ) reads.add(table);
      if (action === constants.SQLITE_DELETE) deletes = true;
      if ([constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE].includes(action))
        changed.add(table);
    };
    this.#database.prepare(sql);
    for (const table of changed) {
      const { looked, cascaded } = this.#neighbours.get(table) ?? { looked: [], cascaded: [] };
      for (const other of looked) reads.add(other);
      if (deletes) for (const other of cascaded) changed.add(other);
    }
    const touches = new Map<string, Touch>([...reads].map((table) => [table, 'read']));
    const adds = /^\s*insert\b/i.test(sql);
    for (const table of changed) touches.set(table, adds && COUNTERS.has(table) ? 'add' : 'write');
    return touches;
  }

  #learnForeignKeys(from: DatabaseSync, table: string): void {
    for (const row of from.prepare(`PRAGMA foreign_key_list(${table})`).all()) {
      const parent = String(row['table']);
      this.#neighboursOf(table).looked.add(parent);
      this.#neighboursOf(parent).looked.add(table);
      if (row['on_delete'] === 'CASCADE') this.#neighboursOf(parent).cascaded.add(table);
    }
  }

  #neighboursOf(table: string): Neighbours {
    const neighbours = this.#neighbours.get(table) ?? { looked: new Set(), cascaded: new Set() };
    this.#neighbours.set(table, neighbours);
    return neighbours;
  }
}
