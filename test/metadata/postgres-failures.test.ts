import { afterAll, describe, expect, test } from 'vitest';
import { DatabaseUnreachable } from '../../src/metadata/postgres/reach.ts';
import { withoutPassword } from '../../src/model/shown-address.ts';
import { StoreUnavailable } from '../../src/model/store-unavailable.ts';
import { insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { startPostgres } from '../support/postgres/cluster.ts';
import { Databases, inDatabase, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const OTHERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;
const WAITING = `SELECT count(*)::int AS waiting FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

/** Fulfils when another connection to the database waits for a lock. */
async function untilOneWaits(url: string): Promise<void> {
  await inDatabase(url, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ waiting: number }>(WAITING);
      if ((rows[0]?.waiting ?? 0) > 0) return;
    }
  });
}

describe.skipIf(NO_POSTGRES)('When PostgreSQL', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  test('breaks idle connections, the next look and the next change go through on new ones', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url);
    await metadata.write((tx) => insertRepository(tx, 'app'));
    await inDatabase(url, (client) => client.query(OTHERS));
    expect(await metadata.read((view) => view.repositories.find(REGISTRY, 'app'))).toBeDefined();
    await inDatabase(url, (client) => client.query(OTHERS));
    await metadata.write((tx) => insertRepository(tx, 'next'));
    await inDatabase(url, (client) => client.query(OTHERS));
    const path = { registry: REGISTRY, repositoryName: 'app' };
    const looks = Array.from({ length: 20 }, () => metadata.lookUp((lookups) => lookups.blobs(path, [])));
    expect(await Promise.all(looks)).toEqual(looks.map(() => []));
  });

  test('still has a view open on a connection, a lookup on it sees what others have changed since', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url, { pool: 1 });
    await using other = await openPostgres(url);
    await metadata.read(async (view) => {
      expect(await view.repositories.find(REGISTRY, 'app')).toBeUndefined();
      await other.write((tx) => insertRepository(tx, 'app'));
      expect(await view.repositories.find(REGISTRY, 'app')).toBeUndefined();
    });
    const path = { registry: REGISTRY, repositoryName: 'app' };
    expect(await metadata.lookUp((lookups) => lookups.blobs(path, []))).toEqual([]);
  });

  test('has one connection for us, any number of lookups and changes share it', async () => {
    await using metadata = await openPostgres(await databases.fresh(), { pool: 1 });
    await metadata.write((tx) => insertRepository(tx, 'app'));
    const path = { registry: REGISTRY, repositoryName: 'app' };
    const work = Array.from({ length: 60 }, async (_, turn) => {
      if (turn % 3 === 0) return (await metadata.write((tx) => insertRepository(tx, `app-${turn}`))).name;
      if (turn % 3 === 1) return (await metadata.read((view) => view.repositories.find(REGISTRY, 'app')))?.name;
      return (await metadata.lookUp((lookups) => lookups.blobs(path, [])))?.length;
    });
    expect(await Promise.all(work)).toEqual(work.map((_, turn) => [`app-${turn}`, 'app', 0][turn % 3]));
  });

  test('breaks a connection in the middle of a change, it is done from its beginning, once', async () => {
    const url = await databases.fresh();
    const reasons: string[] = [];
    await using metadata = await openPostgres(url, { onRetry: (reason) => reasons.push(reason) });
    let runs = 0;
    await metadata.write(async (tx) => {
      await insertRepository(tx, 'app');
      if (++runs === 1) await inDatabase(url, (client) => client.query(OTHERS));
      await insertRepository(tx, 'next');
    });
    expect(runs).toBe(2);
    expect(reasons).toHaveLength(1);
    expect(await metadata.read((view) => view.repositories.count(REGISTRY))).toBe(2);
  });

  test('breaks a connection after the last statement of a change, nobody runs it again, for it may have happened', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url);
    let runs = 0;
    const change = metadata.write(async (tx) => {
      runs++;
      await insertRepository(tx, 'app');
      // Its end is not waited for, so that the commit is on its way when the connection breaks.
      await inDatabase(url, (client) => client.query(OTHERS));
    });
    await expect(change).rejects.toBeInstanceOf(StoreUnavailable);
    expect(runs).toBe(1);
  });

  test('breaks off a transaction that stands still, others have the repository again', async () => {
    const url = await databases.fresh();
    await using paused = await openPostgres(url, { idleInTransaction: 200 });
    await using other = await openPostgres(url);
    await other.write((tx) => insertRepository(tx, 'app'));
    const [woken, asleep] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let runs = 0;
    const change = paused.write(async (tx) => {
      await tx.repositories.find(REGISTRY, 'app');
      if (++runs > 1) return;
      asleep.resolve();
      await woken.promise;
      await tx.repositories.find(REGISTRY, 'app');
    });
    await asleep.promise;
    await other.write((tx) => tx.repositories.find(REGISTRY, 'app'));
    woken.resolve();
    await change;
    expect(runs).toBe(2);
  });

  test('finds that two wait in a circle, the one it breaks off is run again', async () => {
    const url = await databases.fresh();
    const reasons: string[] = [];
    // A connection looks for a circle once, so long after it began to wait: by then the other one has to wait, too.
    const name = new URL(url).pathname.slice(1);
    await inDatabase(url, (client) => client.query(`ALTER DATABASE ${name} SET deadlock_timeout = '5s'`));
    await using metadata = await openPostgres(url, { onRetry: (reason) => reasons.push(reason) });
    await metadata.write(async (tx) => {
      await insertRepository(tx, 'one');
      await insertRepository(tx, 'two');
    });
    await inDatabase(url, async (client) => {
      await client.query(`SET deadlock_timeout = '60s'; BEGIN; SELECT 1 FROM repository WHERE name = 'two' FOR UPDATE`);
      const change = metadata.write(async (tx) => {
        await tx.repositories.find(REGISTRY, 'one');
        return tx.repositories.find(REGISTRY, 'two');
      });
      await untilOneWaits(url);
      await client.query(`SELECT 1 FROM repository WHERE name = 'one' FOR UPDATE`);
      await client.query('COMMIT');
      expect((await change)?.name).toBe('two');
    });
    expect(reasons).toEqual(['40P01']);
  });

  test('takes longer than a statement may, the caller hears that the database is not to be had', async () => {
    const url = await databases.fresh();
    await using metadata = await openPostgres(url, { statementTimeout: 100 });
    await metadata.write((tx) => insertRepository(tx, 'app'));
    await inDatabase(url, async (client) => {
      await client.query('BEGIN; LOCK TABLE repository');
      const look = metadata.read((view) => view.repositories.find(REGISTRY, 'app'));
      await expect(look).rejects.toBeInstanceOf(StoreUnavailable);
    });
    expect(await metadata.read((view) => view.repositories.find(REGISTRY, 'app'))).toBeDefined();
  });

  test('is gone, callers hear that it is not to be had, and are served when it is back', async () => {
    await using cluster = await startPostgres({ durable: true });
    await using metadata = await openPostgres(await cluster.freshDatabase());
    await metadata.write((tx) => insertRepository(tx, 'app'));
    await cluster.stop('SIGKILL');
    await expect(metadata.read((view) => view.repositories.count(REGISTRY))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(metadata.write((tx) => insertRepository(tx, 'next'))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(metadata.check()).rejects.toBeInstanceOf(StoreUnavailable);
    await cluster.start();
    expect(await metadata.read((view) => view.repositories.count(REGISTRY))).toBe(1);
    await metadata.write((tx) => insertRepository(tx, 'next'));
  });

  test('cannot be reached at the start, it is said in words, and without the password', async () => {
    const cluster = await databases.cluster();
    const nobody = new URL(cluster.url('nowhere'));
    nobody.password = 'secret';
    const error = await openPostgres(nobody.href).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseUnreachable);
    expect((error as Error).message).toContain('there is no database of this name');
    expect((error as Error).message).not.toContain('secret');
    const refused = await openPostgres('postgres://berth:secret@127.0.0.1:1/db').catch((reason: unknown) => reason);
    expect((refused as Error).message).toContain('nothing listens there');
    expect((refused as Error).message).not.toContain('secret');
  });
});

test('An address is shown without what is secret in it', () => {
  expect(withoutPassword('postgres://berth:secret@db/app')).toBe('postgres://berth:***@db/app');
  expect(withoutPassword('postgres://db/app?password=secret&sslmode=require')).not.toContain('secret');
  expect(withoutPassword('not an address: secret')).not.toContain('secret');
});
