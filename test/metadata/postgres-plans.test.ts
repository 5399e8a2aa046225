import type pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { openPool } from '../../src/metadata/postgres/open-pool.ts';
import { Databases, inDatabase, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';
import { useLookups, useViews, useWriters } from './every-statement.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

/**
 * Two thousand repositories with ten images each, and one with twice as many as all of them: what PostgreSQL counts says that a
 * repository has few.
 */
const MANY_SMALL_ONE_LARGE = `
INSERT INTO registry (id, account_id, region) VALUES (1000, '123456789012', 'us-east-1');
INSERT INTO registry (id, account_id, region) SELECT 2000 + n, n::text, 'us-east-1' FROM generate_series(1, 500) AS n;
INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type)
  SELECT 1000 + n, 1000, 'r' || n, 1, 'MUTABLE', '[]', 0, 'AES256' FROM generate_series(0, 2000) AS n;
CREATE TEMP TABLE spread AS
  SELECT 1000 + n AS id, CASE WHEN n <= 40000 THEN 1000 ELSE 1001 + n % 2000 END AS repository_id
  FROM generate_series(1, 60000) AS n;
INSERT INTO blob (id, digest, size, storage_key, created_at) SELECT id, 'sha256:b' || id, 1, 'k' || id, 1 FROM spread;
INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until)
  SELECT repository_id, id, 1000, 1, 1, 0, 0 FROM spread;
INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes)
  SELECT id, repository_id, 'sha256:m' || id, 'type', 1, '' FROM spread;
INSERT INTO manifest_blob (manifest_id, blob_id, repository_id) SELECT id, id, repository_id FROM spread;
INSERT INTO image (repository_id, manifest_id, digest, tags, blob_bytes, pushed_at, subject_digest)
  SELECT repository_id, id, 'sha256:m' || id, '["t"]', 1, 1, 'sha256:m' || id - 1 FROM spread;
INSERT INTO digest (repository_id, digest, manifest_id) SELECT repository_id, 'sha256:m' || id, id FROM spread;
INSERT INTO tag (repository_id, name, manifest_id, tagged_at) SELECT repository_id, 't' || id, id, 1 FROM spread;
INSERT INTO deleted_image (manifest_id, repository_id, digest, blob_bytes, pushed_at, deleted_at, purge_at)
  SELECT id, repository_id, 'sha256:m' || id, 1, 1, 1, 2 FROM spread;
INSERT INTO deleted_tag (repository_id, name, digest, manifest_id, tagged_at, deleted_at, purge_at)
  SELECT repository_id, 't' || id, 'sha256:m' || id, id, 1, 1, 2 FROM spread;
INSERT INTO missing_blob (manifest_id, digest, size, media_type, repository_id)
  SELECT id, 'sha256:x' || id, 1, 'type', repository_id FROM spread;
INSERT INTO missing_child (parent_id, digest, repository_id) SELECT id, 'sha256:x' || id, repository_id FROM spread;
INSERT INTO manifest_child (parent_id, child_id) SELECT id, id - 1 FROM spread WHERE id > 1001;
INSERT INTO upload_name (storage_key, upload_id, size) SELECT 'n' || id, 'u' || id, 1 FROM spread;
INSERT INTO gc_trash (storage_key, size, not_before, attempts) SELECT 't' || id, 1, 1, 0 FROM spread;
INSERT INTO resource_tag (repository_id, key, value) SELECT DISTINCT repository_id, 'key', 'value' FROM spread;
INSERT INTO orphaned_subject (repository_id, digest, not_before) SELECT repository_id, 'sha256:o' || id, 1 FROM spread;
INSERT INTO upload (id, repository_id, storage_key, "offset", parts, small_part, last_part_size, expires_at)
  SELECT 'u' || id, repository_id, 'u' || id, 0, 0, 0, 0, 1 FROM spread;
`;

/** Statements that ask for the first few rows of a repository, whichever they are, or for its resource tags, which are fifty. */
const ANY_OF_A_REPOSITORY =
  /"resource_tag"|^select [^()]* where "repository_id" = \$1( order by "digest")? limit \$2$|EXISTS \(SELECT 1 FROM image WHERE image.repository_id = repository.id\)/;

/** Statements that read the first rows in some order. The index has that order: else all there are would be read, and sorted. */
const IS_A_PAGE = /order by [^()]* limit \$\d+/i;

/**
 * Those that may sort: what was deleted under one name or digest; images that name one blob, and links in order but for one
 * column, of which a check wants all; tags that were deleted within the undo window, for whoever restores.
 */
const SORTS_FEW: readonly RegExp[] = [
  /"repository"."name" = \$3 and "repository"."deleted_at" is not null/,
  /"deleted_image" where "repository_id" = \$1 and "digest" = \$2/,
  /"deleted_tag" where "repository_id" = \$1 and "name" (?:= \$2|> \$2 .* AS later)/s,
  /WHERE named.blob_id = \$1/,
  /WHERE \(link.blob_id, link.registry_id, link.repository_id\) >/,
];

/** Statements that may read a table from end to end, or begin to. */
const READS_ALL: readonly RegExp[] = [
  // Three rows, in some parts; a handful.
  /^select \* from "store_usage"$|from "secret" order by "name"$/,
  // For whoever asks how many there are, which a move of the store and an operator do.
  /^select count\(\*\) as "?count"? from/i,
  // The first entries of an index, or its last one. A check asks of each whether others are there, and has all of those read that are
  // in a table which is little larger than a page.
  /ORDER BY [^()]* LIMIT (?:\$\d+|1)\s*$|^SELECT min\(/i,
  /SELECT [^()]* ORDER BY [^()]* DESC LIMIT \$1\)/,
  // An index of what cannot be erased.
  /FROM gc_trash WHERE last_error IS NOT NULL$/,
];

describe.skipIf(NO_POSTGRES)('PostgreSQL, among many small repositories,', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  test('supposes that there are rows as long as it has not counted them', async () => {
    const { rows } = await inDatabase(await databases.fresh(), (client) =>
      client.query<{ relname: string }>(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 0",
      ),
    );
    expect(rows.map(({ relname }) => relname)).toEqual([]);
  });

  test.each([
    ['before it has counted the rows', ''],
    ['when it has', 'ANALYZE'],
  ])(
    'reads no more of a large one than was asked for, %s',
    async (_, count) => {
      const url = await databases.fresh();
      const plans = new Map<string, string[]>();
      const statements = await everyStatement(await databases.fresh());
      await inDatabase(url, (client) => client.query(MANY_SMALL_ONE_LARGE + count));
      // As Berth's own connections are told to plan.
      const pool = openPool({ url, pool: 1, statementTimeout: 30_000, connectTimeout: 10_000 });
      const client = await pool.connect();
      for (const [number, text] of statements.entries()) plans.set(text, await planOf(client, `s${number}`, text));
      client.release();
      await pool.end();

      expect(plans.size).toBeGreaterThan(150);
      const reading = [...plans].flatMap(([text, plan]) =>
        plan.filter((step) => /Index Cond: \(repository_id = [^)]*\)$/.test(step)).map((step) => ({ text, step })),
      );
      expect(reading.filter(({ text }) => !ANY_OF_A_REPOSITORY.test(text))).toEqual([]);
      const sorted = [...plans].filter(
        ([text, plan]) => IS_A_PAGE.test(text) && plan.some((step) => /Sort\b/.test(step)),
      );
      expect(sorted.map(([text]) => text).filter((text) => !SORTS_FEW.some((allowed) => allowed.test(text)))).toEqual(
        [],
      );
      const collected = [...plans].filter(([, plan]) => plan.some((step) => /Bitmap|Gather/.test(step)));
      expect(collected.map(([text]) => text)).toEqual([]);
      if (count === '') return;
      const whole = [...plans].flatMap(([text, plan]) => wholeScansIn(plan).map((step) => ({ text, step })));
      expect(whole.filter(({ text }) => !READS_ALL.some((allowed) => allowed.test(text)))).toEqual([]);
    },
    60_000,
  );
});

/** Steps that read a table, or an index without a condition on it. */
function wholeScansIn(plan: readonly string[]): string[] {
  return plan.filter(
    (step, at) =>
      /Seq Scan on/.test(step) ||
      (/Index (?:Only )?Scan|Bitmap Index Scan/.test(step) && !plan[at + 1]?.startsWith('Index Cond:')),
  );
}

/** The texts of all statements, as they run in this database. */
async function everyStatement(url: string): Promise<string[]> {
  const statements = new Set<string>();
  await using metadata = await openPostgres(url, { onQuery: (sql) => statements.add(sql) });
  await metadata.write(useWriters);
  await metadata.read(useViews);
  await useLookups(metadata);
  return [...statements].filter((text) => !text.startsWith('ANALYZE'));
}

async function planOf(client: pg.PoolClient, name: string, text: string): Promise<string[]> {
  const places = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  await client.query(`PREPARE ${name} AS ${text}`);
  const values = places > 0 ? `(${Array(places).fill('NULL').join(', ')})` : '';
  const { rows } = await client.query<Record<string, string>>(`EXPLAIN EXECUTE ${name}${values}`);
  await client.query(`DEALLOCATE ${name}`);
  return rows.map((row) => String(row['QUERY PLAN']).trim());
}
