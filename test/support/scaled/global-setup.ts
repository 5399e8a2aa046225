import { migratePostgres } from '../../../src/metadata/postgres/migrate.ts';
import { startPostgres } from '../postgres/cluster.ts';
import { startAnyS3 } from '../s3/start-any-s3.ts';
import { announce } from './environment.ts';
import { prepareTemplate } from './fresh-database.ts';

/** Starts the servers that all tests of a scaled run share, and ends them after it. */
export default async function setup(): Promise<() => Promise<void>> {
  await using starting = new AsyncDisposableStack();
  // What is put back again and again must not be counted in between: plans are made for what migrations say there will be.
  const cluster = starting.use(await startPostgres({ settings: { autovacuum: 'off' } }));
  const template = await cluster.freshDatabase();
  await migratePostgres(template);
  const s3 = starting.use(await startAnyS3());
  const { endpoint, credentials } = s3;
  const scaled = {
    postgres: cluster.url(),
    template: new URL(template).pathname.slice(1),
    s3: { endpoint, credentials, bucket: await s3.freshBucket() },
  };
  await prepareTemplate(scaled);
  announce(scaled);
  const started = starting.move();
  return () => started.disposeAsync();
}
