import { migratePostgres, readVersions } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { reach } from './reach.ts';
import { SchemaAhead, SchemaBehind } from './schema-version.ts';

/**
 * Makes the tables in a database that has none, and looks whether those that are there are the right ones. Newer ones are where they
 * still work with this version: it may be one of several that are replaced one after the other. `whenEmpty` hears before tables are
 * made, and may throw to leave the database as it is.
 *
 * @throws DatabaseUnreachable, SchemaBehind, SchemaAhead
 */
export async function prepareSchema(
  url: string,
  migrations = MIGRATIONS,
  whenEmpty: () => void = () => {},
): Promise<void> {
  const versions = await reach(url, readVersions);
  const current = versions.at(-1)?.version ?? 0;
  const target = migrations.length;
  if (current === 0) {
    whenEmpty();
    await migratePostgres(url, undefined, migrations);
    return;
  }
  if (current < target) throw new SchemaBehind(current, target);
  if (versions.some(({ version, worksWith }) => version > target && worksWith > target)) {
    throw new SchemaAhead(current, target);
  }
}
