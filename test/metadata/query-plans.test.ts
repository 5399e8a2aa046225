import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scopeOf } from '../../src/metadata/repositories.ts';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { insertRepository, NOW } from '../contract/metadata/fixture.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { useLookups, useViews, useWriters, watched } from './every-statement.ts';

let folder: TempFolder;
let database: DatabaseSync;
const statements = new Set<string>();
const unused = new Set<string>();

beforeAll(async () => {
  folder = await tempFolder();
  const path = join(folder.path, 'metadata.db');
  const metadata = new SqliteMetadata(path, { onQuery: (sql) => statements.add(sql) });
  await metadata.write((tx) => useWriters(watched(tx, unused)));
  await useLookups(metadata);
  await metadata.read(({ collection, inspection }) => useViews(watched({ collection, inspection }, unused)));
  await metadata[Symbol.asyncDispose]();
  database = new DatabaseSync(path);
});

afterAll(async () => {
  database.close();
  await folder[Symbol.asyncDispose]();
});

function planOf(sql: string): string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map((row) => String(row['detail']));
}

/** Steps that read a whole table or index, rather than a list that was sent along or a single computed row. */
function scansOf(sql: string): string[] {
  const plan = planOf(sql);
  return plan.filter((step) => {
    const name = /^SCAN (\S+)/.exec(step)?.[1];
    const computed = plan.includes(`CO-ROUTINE ${name}`) || plan.includes(`MATERIALIZE ${name}`);
    return (
      name !== undefined && !computed && !/VIRTUAL TABLE|^SCAN CONSTANT ROW|^SCAN \d+-ROW VALUES CLAUSE/.test(step)
    );
  });
}

/** Statements that may read a whole table or index, and the step that does. */
const SCANS: Readonly<Record<string, string>> = {
  // Three rows.
  'select * from "store_usage"': 'SCAN store_usage',
  // A row for each key.
  'select "name", "value" from "secret" order by "name"': 'SCAN secret',
  // Counts what waits for the collector, for whoever asks how it is doing.
  'select count(*) as "count" from "deleted_image"': 'SCAN deleted_image USING COVERING INDEX deleted_image_by_purge',
  // Reads the first entry only.
  'select "keep_until" from "repository_blob" where refs = 0 AND holds = 0 AND state = 1 order by "keep_until" limit ?':
    'SCAN repository_blob USING INDEX repository_blob_idle',
};

/** Statements that read a table in order from one of its ends, a page or a row. */
const FROM_AN_END =
  /^\s*(SELECT|DELETE) .* FROM "\w+"\s+(WHERE true )?ORDER BY ("\w+"(, )?)+( DESC(, "\w+" DESC)*)? LIMIT (\?|1)/s;

/** Before a store is copied, which reads all of it, its rows are counted. */
const COUNT = /^SELECT count\(\*\) AS count FROM "\w+"$/;

/** Statements about what SQLite keeps for itself, which has a row for each table; of a table itself they read its last row. */
const OF_SQLITE = /\bsqlite_sequence\b/;

/** Statements that ask for the first few rows of a repository, whichever they are. */
const ANY_OF_A_REPOSITORY = /^select [^()]* from "\w+" where "repository_id" = \?( order by "digest")? limit \?$/;

describe('The plan of every statement', () => {
  test('is looked at: every method was called, and every statement has a plan', () => {
    expect([...unused]).toEqual([]);
    expect(statements.size).toBeGreaterThan(50);
    const planless = [...statements].filter((sql) => planOf(sql).length === 0 && !/^insert into .* values/i.test(sql));
    expect(planless).toEqual([]);
    expect(scansOf('SELECT * FROM manifest')).toEqual(['SCAN manifest']);
    expect(scansOf('SELECT count(*) FROM tag')).not.toEqual([]);
  });

  test('reads no table from end to end, but for what was said to', () => {
    const scanning = [...statements].flatMap((sql) => scansOf(sql).map((step) => ({ step, sql })));
    const allowed = [FROM_AN_END, OF_SQLITE, COUNT];
    expect(
      scanning.filter(({ sql }) => !Object.keys(SCANS).includes(sql) && !allowed.some((text) => text.test(sql))),
    ).toEqual([]);
    for (const [sql, step] of Object.entries(SCANS)) expect(scanning).toContainEqual({ sql, step });
  });

  test('finds what a list names, and where a page begins, without looking through the repository', () => {
    const reading = [...statements]
      .filter((sql) => /json_each| limit \?/.test(sql) && !ANY_OF_A_REPOSITORY.test(sql))
      .flatMap((sql) => planOf(sql).flatMap((step) => (/\(repository_id=\?\)/.test(step) ? [{ step, sql }] : [])));
    expect(reading).toEqual([]);
    expect(planOf('SELECT * FROM tag WHERE repository_id = ?').join()).toContain('(repository_id=?)');
  });

  test('reads only images with tags where those are wanted, and only those without where those are', () => {
    for (const [condition, index] of [
      ["image.tags <> '[]'", 'image_tagged'],
      ["image.tags = '[]'", 'image_untagged'],
    ] as const) {
      const listings = [...statements].filter((sql) => sql.includes(condition) && sql.startsWith('select'));
      expect(listings).toHaveLength(3);
      for (const sql of listings) expect(planOf(sql).join()).toContain(`SEARCH image USING INDEX ${index} `);
    }
  });

  test('sorts nothing when only a page is wanted: the rows come in order from an index', () => {
    const paged = [...statements].filter((sql) => / limit \?/i.test(sql));
    expect(paged.length).toBeGreaterThan(10);
    const sorting = paged.flatMap((sql) =>
      planOf(sql)
        .filter((step) => /TEMP B-TREE/.test(step))
        .map((step) => ({ step, sql })),
    );
    expect(sorting).toEqual([]);
  });

  test('does not depend on how long a list is: the texts of statements are few', async () => {
    const seen = new Set<string>();
    const metadata = new SqliteMetadata(join(folder.path, 'other.db'), { onQuery: (sql) => seen.add(sql) });
    await metadata.write(async (tx) => {
      const lists = async (length: number) => {
        const numbers = Array.from({ length }, (_, at) => at);
        const names = numbers.map(String);
        const images = numbers.map((id) => ({ id, digest: `${id}` }));
        await tx.tags.resolve(app.id, names);
        await tx.tags.delete(app.id, names);
        await tx.images.findAll(app.id, names);
        await tx.images.identify(app.id, names);
        await tx.images.parentsOf(numbers);
        await tx.images.delete(scope, images, { at: NOW, purgeAt: NOW + 1, keepUntil: NOW });
        await tx.images.listReferrers(app.id, '', { artifactTypes: names, after: '', limit: 9 });
        await tx.repositories.deleteResourceTags(app.id, names);
        await tx.blobs.findAll(app.id, names);
        await tx.links.keep(app.id, numbers, NOW);
        await tx.links.remove(scope, numbers);
        await tx.graveyard.keepTags(app.id, names, { at: NOW, purgeAt: NOW });
        await tx.graveyard.findAll(numbers, NOW);
        await tx.orphans.note(app.id, names, NOW);
        await tx.collection.condemn(numbers, NOW);
      };
      const app = await insertRepository(tx, 'app');
      const scope = scopeOf(app);
      seen.clear();
      await lists(1);
      const few = seen.size;
      expect(few).toBeGreaterThan(16);
      await lists(50_000);
      expect(seen.size).toBe(few);
    });
    await metadata[Symbol.asyncDispose]();
  });
});

test('Every foreign key can be followed backwards through an index, so that a deletion reads no more than it deletes', () => {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const keys = tables.flatMap(({ name: table }) => {
    const columns = database.prepare('SELECT id, "from" AS col FROM pragma_foreign_key_list(?)').all(String(table));
    return [...Map.groupBy(columns, ({ id }) => id).values()].map((key) => ({
      table: String(table),
      columns: key.map(({ col }) => String(col)),
    }));
  });
  expect(keys.length).toBeGreaterThan(10);
  for (const { table, columns } of keys) {
    // The row of a registry stays for ever.
    if (table === 'repository' && columns.join() === 'registry_id') continue;
    const plan = planOf(`DELETE FROM ${table} WHERE ${columns.map((column) => `${column} = ?`).join(' AND ')}`);
    expect(plan.length).toBeGreaterThan(0);
    // The plan has the look-ups in the tables that point here, too.
    for (const step of plan) expect(step, `${table} (${columns})`).toMatch(/^SEARCH .* USING/);
  }
});
