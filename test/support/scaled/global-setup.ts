import { migratePostgres } from '../../../src/metadata/postgres/migrate.ts';
import { startPostgres } from '../postgres/cluster.ts';
import { announce } from './environment.ts';
import { prepareTemplate } from './fresh-database.ts';

/** Starts the servers that all tests of a scaled run share, and ends them after it. */
export default async function setup(): Promise<() => Promise<void>> {
  await using starting = new AsyncDisposableStack();
  const cluster = starting.use(await startPostgres());
  const template = await cluster.freshDatabase();
  await migratePostgres(template);
  const scaled = { postgres: cluster.url(), template: new URL(template).pathname.slice(1) };
  await prepareTemplate(scaled);
  announce(scaled);
  const started = starting.move();
  return () => started.disposeAsync();
}
