import type { Client } from 'pg';
import type { SqlFootprints, Touch } from '../schedules/footprint.ts';
import { footprintOf, Neighbours } from './neighbours.ts';

const COUNTERS = new Set(['usage_part', 'store_usage_part']);

interface Plan {
  readonly 'Relation Name'?: string;
  readonly Operation?: 'Insert' | 'Update' | 'Delete';
  readonly Plans?: readonly Plan[];
}

/** As PostgreSQL means to run statements, whatever they are given. */
export class PostgresFootprints implements SqlFootprints {
  readonly #client: Client;
  readonly #neighbours: Neighbours;
  readonly #known = new Map<string, ReadonlyMap<string, Touch>>();

  private constructor(client: Client, neighbours: Neighbours) {
    this.#client = client;
    this.#neighbours = neighbours;
  }

  /** Learns the schema of the database that the client is connected to, and will ask there. */
  static async over(client: Client): Promise<PostgresFootprints> {
    const neighbours = new Neighbours();
    const { rows } = await client.query(
      `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to", confdeltype = 'c' AS cascades
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
    );
    for (const row of rows) neighbours.add({ ...row, cascades: Boolean(row.cascades) });
    return new PostgresFootprints(client, neighbours);
  }

  async of(sql: string): Promise<ReadonlyMap<string, Touch>> {
    const known = this.#known.get(sql);
    if (known) return known;
    const found = await this.#look(sql);
    this.#known.set(sql, found);
    return found;
  }

  async #look(sql: string): Promise<ReadonlyMap<string, Touch>> {
    const reads = new Set<string>();
    const changed = new Set<string>();
    let deletes = false;
    const visit = ({ 'Relation Name': table, Operation: operation, Plans: plans = [] }: Plan) => {
      if (table !== undefined) (operation === undefined ? reads : changed).add(table);
      if (operation === 'Delete') deletes = true;
      for (const plan of plans) visit(plan);
    };
    visit(await planOf(this.#client, sql));
    return footprintOf({ sql, reads, changed, deletes, neighbours: this.#neighbours, counters: COUNTERS });
  }
}

/** The plan of a statement whose values are not known yet. */
export async function planOf<P = Plan>(client: Client, sql: string): Promise<P> {
  await client.query(`SET plan_cache_mode = force_generic_plan; PREPARE looked_at AS ${sql}`);
  try {
    const { rows: prepared } = await client.query<{ count: number }>(
      `SELECT cardinality(parameter_types) AS count FROM pg_prepared_statements WHERE name = 'looked_at'`,
    );
    const values = Array.from({ length: prepared[0]?.count ?? 0 }, () => 'NULL').join(', ');
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE looked_at${values && ` (${values})`}`);
    return rows[0]['QUERY PLAN'][0].Plan;
  } finally {
    await client.query('DEALLOCATE looked_at');
  }
}
