import { constants, DatabaseSync } from 'node:sqlite';
import type { SqlFootprints, Touch } from '../schedules/footprint.ts';
import { footprintOf, Neighbours } from './neighbours.ts';

/** Tables whose rows are only moved by amounts, in `INSERT … ON CONFLICT DO UPDATE SET n = n + excluded.n`. */
const COUNTERS = new Set(['usage', 'store_usage']);

/** As SQLite itself understands statements. */
export class SqliteFootprints implements SqlFootprints, Disposable {
  readonly #database = new DatabaseSync(':memory:');
  readonly #neighbours = new Neighbours();
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

  async of(sql: string): Promise<ReadonlyMap<string, Touch>> {
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
    return footprintOf({ sql, reads, changed, deletes, neighbours: this.#neighbours, counters: COUNTERS });
  }

  #learnForeignKeys(from: DatabaseSync, table: string): void {
    for (const row of from.prepare(`PRAGMA foreign_key_list(${table})`).all()) {
      this.#neighbours.add({ from: table, to: String(row['table']), cascades: row['on_delete'] === 'CASCADE' });
    }
  }
}
