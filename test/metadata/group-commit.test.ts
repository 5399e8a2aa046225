import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { Connection } from '../../src/metadata/sqlite/connection.ts';
import { GroupCommit, type GroupCommitOptions } from '../../src/metadata/sqlite/group-commit.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { insertRepository } from '../contract/metadata/fixture.ts';
import { memoryFolder } from '../support/temp-folder.ts';

class CountingConnection extends Connection {
  commits = 0;

  override commit(): void {
    this.commits++;
    super.commit();
  }
}

/**
 * A connection to a database with two tables; what `child` names must be in `parent` by the time of the commit. No time
 * passes unless a test says so.
 */
async function open(options: Partial<GroupCommitOptions> = {}) {
  const folder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  const connection = new CountingConnection(path, 'write');
  connection.database.exec(`
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER PRIMARY KEY REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)`);
  const other = new DatabaseSync(path);
  const changes = new GroupCommit(connection, { stopwatch: () => 0, ...options });
  return {
    connection,
    changes,
    insert: (table: 'parent' | 'child', id: number) =>
      changes.run(async ({ db }) => {
        await sql`INSERT INTO ${sql.table(table)} VALUES (${id})`.execute(db);
        return id;
      }),
    /** What anybody else sees. */
    committed: () =>
      other
        .prepare('SELECT id FROM parent ORDER BY id')
        .all()
        .map((row) => row['id']),
    [Symbol.asyncDispose]: async () => {
      other.close();
      connection.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('What is committed and not yet on the disk', () => {
  test('is told to nobody, while the next changes are committed', async () => {
    const disk = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const asked: number[] = [];
    await using opened = await open({
      force: async () => {
        const turn = asked.push(asked.length) - 1;
        await disk[turn]?.promise;
      },
    });
    const { insert, committed, changes } = opened;
    const told: number[] = [];
    const first = insert('parent', 1).then((id) => told.push(id));
    while (asked.length < 1) await nextTurn();
    const second = insert('parent', 2).then((id) => told.push(id));
    while (asked.length < 2) await nextTurn();
    expect(committed()).toEqual([1, 2]);
    expect(told).toEqual([]);
    const idle = changes.idle().then(() => told.push(0));
    disk[0]?.resolve();
    await first;
    expect(told).toEqual([1]);
    disk[1]?.resolve();
    await Promise.all([second, idle]);
    expect(told).toEqual([1, 2, 0]);
  });

  test('is refused, be it committed, when the disk fails', async () => {
    await using opened = await open({
      force: () => Promise.reject(new Error('failed')),
      translate: (error) => new Error(`told: ${(error as Error).message}`),
    });
    await expect(opened.insert('parent', 1)).rejects.toThrow('told: failed');
  });

  test('is refused when the store has stopped meanwhile', async () => {
    const disk = Promise.withResolvers<void>();
    await using opened = await open({ force: () => disk.promise });
    const { insert, changes, committed } = opened;
    const result = insert('parent', 1);
    while (committed().length < 1) await nextTurn();
    changes.stop(new Error('stopped'));
    disk.resolve();
    await expect(result).rejects.toThrow('stopped');
  });
});

describe('Changes that arrive together', () => {
  test('share a commit, and each hears of its own result, after it', async () => {
    await using opened = await open();
    const { connection, insert, committed } = opened;
    const seen: unknown[][] = [];
    const results = await Promise.all(
      Array.from({ length: 50 }, async (_, id) => {
        const result = await insert('parent', id);
        seen.push(committed());
        return result;
      }),
    );
    expect(results).toEqual(Array.from({ length: 50 }, (_, id) => id));
    expect(connection.commits).toBe(1);
    expect(new Set(seen.map((ids) => ids.length))).toEqual(new Set([50]));
  });

  test('are committed in groups, so that nobody waits for all of a long queue', async () => {
    await using opened = await open();
    const { connection, insert, committed } = opened;
    await Promise.all(Array.from({ length: 200 }, (_, id) => insert('parent', id)));
    expect(connection.commits).toBeGreaterThan(2);
    expect(connection.commits).toBeLessThan(10);
    expect(committed()).toHaveLength(200);
  });

  test('are committed when they have run for ten milliseconds, and the others come next, in order of arrival', async () => {
    let now = 0;
    await using opened = await open({ stopwatch: () => now });
    const { connection, changes, committed } = opened;
    const groups: unknown[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async (_, id) => {
        await changes.run(async ({ db }) => {
          await sql`INSERT INTO parent VALUES (${id})`.execute(db);
          now += 4;
        });
        groups.push(committed().length);
      }),
    );
    expect(connection.commits).toBe(4);
    expect(groups).toEqual([3, 3, 3, 6, 6, 6, 9, 9, 9, 10]);
  });

  test('go alone when each of them is long', async () => {
    let now = 0;
    await using opened = await open({ stopwatch: () => now });
    const { connection, changes } = opened;
    const long = async () => {
      now += 15;
    };
    await Promise.all([changes.run(long), changes.run(long), changes.run(long)]);
    expect(connection.commits).toBe(3);
  });

  test('find bulk resting after a commit while others use the store, and not while nobody does', async () => {
    for (const company of [false, true]) {
      let now = 0;
      await using opened = await open({ stopwatch: () => now });
      const { connection, changes } = opened;
      const order: string[] = [];
      const run = (name: string, weight: 'short' | 'bulk', takes: number) =>
        changes.run(async () => {
          now += takes;
          order.push(name);
        }, weight);
      if (company) changes.noteCompany();
      await run('bulk 1', 'bulk', 50);
      const second = run('bulk 2', 'bulk', 50);
      // More turns of the event loop than a change that need not rest waits for.
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      await run('short', 'short', 1);
      now += 1000;
      await second;
      expect(order).toEqual(company ? ['bulk 1', 'short', 'bulk 2'] : ['bulk 1', 'bulk 2', 'short']);
      expect(connection.commits).toBe(3);
    }
  });

  test('go before bulk, which rests after each of its commits and goes on all the same', async () => {
    let now = 0;
    await using opened = await open({ stopwatch: () => now });
    const { connection, changes } = opened;
    const order: string[] = [];
    const run = (name: string, weight: 'short' | 'bulk', takes: number) =>
      changes.run(async () => {
        now += takes;
        order.push(name);
      }, weight);
    const first = run('bulk 1', 'bulk', 12);
    const rest = [
      run('bulk 2', 'bulk', 12),
      run('short 1', 'short', 9),
      run('bulk 3', 'bulk', 12),
      run('bulk 4', 'bulk', 12),
    ];
    const late = first.then(async () => {
      await Promise.all([run('short 2', 'short', 6), run('short 3', 'short', 6), run('short 4', 'short', 6)]);
      now += 1000;
    });
    await Promise.all([first, ...rest, late]);
    expect(order).toEqual(['short 1', 'bulk 1', 'short 2', 'short 3', 'short 4', 'bulk 2', 'bulk 3', 'bulk 4']);
    expect(connection.commits).toBe(6);
  });

  test('wait when they are asked to, before the next group begins', async () => {
    const pause = Promise.withResolvers<void>();
    let groups = 0;
    await using opened = await open({ afterGroup: () => (groups++ === 0 ? pause.promise : undefined) });
    const { insert, committed } = opened;
    await insert('parent', 1);
    const second = insert('parent', 2);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(committed()).toEqual([1]);
    pause.resolve();
    await second;
    expect(committed()).toEqual([1, 2]);
  });

  test('are refused once the store has stopped: those under way, those waiting and those to come', async () => {
    await using opened = await open();
    const { connection, changes, insert, committed } = opened;
    await insert('parent', 1);
    const failed = new Error('the disk has failed');
    const outcomes = await Promise.allSettled([
      insert('parent', 2),
      changes.run(async () => changes.stop(failed)),
      insert('parent', 3),
    ]);
    outcomes.push(...(await Promise.allSettled([insert('parent', 4)])));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ status: 'rejected', reason: failed })));
    expect(committed()).toEqual([1]);
    expect(connection.commits).toBe(1);
  });

  test('do not share a fate: one that fails is undone alone', async () => {
    await using opened = await open();
    const { connection, changes, insert, committed } = opened;
    const outcomes = await Promise.allSettled([
      insert('parent', 1),
      changes.run(async ({ db }) => {
        await sql`INSERT INTO parent VALUES (2)`.execute(db);
        throw new Error('changed my mind');
      }),
      insert('parent', 1),
      insert('parent', 3),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(connection.commits).toBe(1);
    expect(committed()).toEqual([1, 3]);
  });

  test('have all not happened when the commit fails, and none is answered as if the others had', async () => {
    await using opened = await open();
    const { insert, committed } = opened;
    const outcomes = await Promise.allSettled([insert('parent', 1), insert('parent', 1), insert('child', 99)]);
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''));
    // The second collided with the first, which in the end was not there: it must not hear of it.
    expect(reasons).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('FOREIGN KEY constraint failed')));
    expect(committed()).toEqual([]);
    expect(await insert('parent', 1)).toBe(1);
  });

  test('have all not happened when the disk is full, and go on when there is room again', async () => {
    await using opened = await open();
    const { connection, changes, insert, committed } = opened;
    const { page_count: pages } = connection.database.prepare('PRAGMA page_count').get() ?? {};
    connection.database.exec(`PRAGMA max_page_count = ${pages}`);
    const fill = changes.run(async ({ db }) => {
      await sql`INSERT INTO parent WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
        SELECT i FROM n`.execute(db);
    });
    const outcomes = await Promise.allSettled([insert('parent', 1), fill, insert('parent', 2)]);
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/full/) } });
    const told = [1, 2].filter((_, at) => outcomes[at * 2]?.status === 'fulfilled');
    expect(committed()).toEqual(told);
    connection.database.exec('PRAGMA max_page_count = 1000000');
    expect(await insert('parent', 3)).toBe(3);
  });
});

test('A change that comes after the store is closed is refused, and does not wait for ever', async () => {
  await using folder = await memoryFolder();
  const metadata = new SqliteMetadata(join(folder.path, 'metadata.db'));
  await metadata[Symbol.asyncDispose]();
  await expect(metadata.write((tx) => insertRepository(tx, 'late'))).rejects.toThrow(/not open/);
  await expect(metadata.write((tx) => insertRepository(tx, 'later'))).rejects.toThrow(/not open/);
});
