import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { kindOf } from './failure.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { reach } from './reach.ts';
import { SchemaAhead } from './schema-version.ts';

export interface MigrationStep {
  /** The schema's version once it is done. */
  readonly version: number;
  readonly name: string;
  /** What it does. */
  readonly note: string;
  /** Whether processes of the version before may go on while it is applied, and after. */
  readonly online: boolean;
}

export interface MigrationPlan {
  readonly current: number;
  readonly target: number;
  readonly pending: readonly MigrationStep[];
}

/** Any number, the same in every version of Berth: whoever migrates a database holds this lock in it. */
const LOCK = 4327_2015_0921;
/** In milliseconds. A change of a table waits no longer for those who use it: whoever comes after it would wait, too. */
const LOCK_TIMEOUT = 2_000;
const ATTEMPTS = 60;
const PAUSE = 500;

/** What `migratePostgres` would do. @throws DatabaseUnreachable, SchemaAhead */
export async function planMigration(url: string, migrations = MIGRATIONS): Promise<MigrationPlan> {
  return reach(url, (client) => planOf(client, migrations));
}

/**
 * Brings the schema up to date, each step whole or not at all; an empty database is given all of them at once, so that nobody who
 * starts meanwhile finds tables that are behind. Only one process at a time does, others wait for it and find it done. Answers
 * what was to be done.
 *
 * @throws DatabaseUnreachable, SchemaAhead
 */
export async function migratePostgres(
  url: string,
  onStep: (step: MigrationStep) => void = () => {},
  migrations = MIGRATIONS,
): Promise<MigrationPlan> {
  return reach(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    // The lock ends with the connection.
    const plan = await planOf(client, migrations);
    const { current, pending } = plan;
    for (const steps of current === 0 ? [pending] : pending.map((step) => [step])) {
      const { version: first } = steps[0] ?? { version: 1 };
      await applyPatiently(client, first, migrations.slice(first - 1, first - 1 + steps.length));
      for (const step of steps) onStep(step);
    }
    return plan;
  });
}

async function planOf(client: pg.ClientBase, migrations: readonly Migration[]): Promise<MigrationPlan> {
  const applied = await readVersions(client);
  const current = applied.at(-1)?.version ?? 0;
  const target = migrations.length;
  if (current > target) throw new SchemaAhead(current, target);
  const pending = migrations.slice(current).map(({ name, note, worksWith }, index) => {
    const version = current + index + 1;
    return { version, name, note, online: current === 0 || worksWith < version };
  });
  return { current, target, pending };
}

export interface AppliedVersion {
  readonly version: number;
  readonly worksWith: number;
}

/** In order; none in an empty database. */
export async function readVersions(client: pg.ClientBase): Promise<AppliedVersion[]> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('schema_version') IS NOT NULL AS there`,
  );
  if (tables[0]?.there !== true) return [];
  const { rows } = await client.query<{ version: number; works_with: number }>(
    'SELECT version, works_with FROM schema_version ORDER BY version',
  );
  return rows.map((row) => ({ version: row.version, worksWith: row.works_with }));
}

async function applyPatiently(client: pg.ClientBase, first: number, migrations: readonly Migration[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await apply(client, first, migrations);
    } catch (error) {
      if (kindOf(error) !== 'again' || attempt === ATTEMPTS) throw error;
      await pause(PAUSE);
    }
  }
}

/** Applies these, the first of which leads to version `first`, in one transaction. */
async function apply(client: pg.ClientBase, first: number, migrations: readonly Migration[]): Promise<void> {
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_version (
      version    INTEGER PRIMARY KEY,
      name       TEXT NOT NULL,
      works_with INTEGER NOT NULL,
      applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )`);
    for (const [index, { name, sql, worksWith }] of migrations.entries()) {
      await client.query(sql);
      await client.query('INSERT INTO schema_version (version, name, works_with) VALUES ($1, $2, $3)', [
        first + index,
        name,
        worksWith,
      ]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
