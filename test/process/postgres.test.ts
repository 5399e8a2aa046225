import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/metadata/postgres/migrations.ts';
import { parseExposition } from '../metrics/parse-exposition.ts';
import { startBerth } from '../support/berth-process.ts';
import { Databases, inDatabase, NO_POSTGRES } from '../support/postgres/databases.ts';
import { clientOf, expectPullable, push } from '../support/push-and-read.ts';
import { refusedStart, runBerth } from '../support/run-berth.ts';
import { tempFolder } from '../support/temp-folder.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

describe.skipIf(NO_POSTGRES)('berth serve --database postgres://…', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());
  const emptyDatabase = async () => (await databases.cluster()).freshDatabase();

  it('makes the tables in an empty database, and keeps what it acknowledged when it is killed', async () => {
    await using folder = await tempFolder();
    const flags = ['--data-dir', folder.path, '--database', await emptyDatabase()];
    const killed = await startBerth(flags);
    await push(clientOf(killed), 'kept');
    await killed.kill('SIGKILL');

    await using berth = await startBerth(flags);
    await expectPullable(berth, 'kept');
    const metrics = parseExposition(await (await fetch(`${berth.origin}/metrics`)).text());
    expect(metrics.get('berth_build_info')?.samples.keys().next().value).toContain('database="postgres",blobs="files"');
    expect(metrics.get('berth_database_connections')?.samples.get('state="idle"')).toBeGreaterThan(0);
    expect(metrics.get('berth_database_connections_max')?.samples.get('')).toBe(20);
    expect((await readdir(folder.path)).sort()).toEqual([
      'blobs',
      'lock',
      'lock-journal',
      'reserve',
      'store-id',
      'uploads',
    ]);
  });

  it('refuses a folder of blobs beside an empty database, which stays empty', async () => {
    await using folder = await tempFolder();
    await (await startBerth(['--data-dir', folder.path])).kill('SIGTERM');
    const database = await emptyDatabase();
    const { code, stderr } = await refusedStart(['--data-dir', folder.path, '--database', database]);
    expect([code, stderr]).toEqual([
      1,
      `error: the data folder ${folder.path} has blobs, but the database ${database} is empty\nRestore the database, or begin with an empty place for the blobs, too.\n`,
    ]);
    const { rows } = await inDatabase(database, (client) =>
      client.query(`SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'`),
    );
    expect(rows).toEqual([{ tables: 0 }]);
  });

  it("refuses another registry's blobs, and an empty folder beside a database that knows of blobs", async () => {
    await using one = await tempFolder();
    await using two = await tempFolder();
    const database = await emptyDatabase();
    const berth = await startBerth(['--data-dir', one.path, '--database', database]);
    await push(clientOf(berth), 'app');
    await berth.kill('SIGTERM');
    const empty = await refusedStart(['--data-dir', two.path, '--database', database]);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining(`${two.path} has none of them`) });

    await (await startBerth(['--data-dir', two.path])).kill('SIGTERM');
    const foreign = await refusedStart(['--data-dir', two.path, '--database', database]);
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('belong to different registries') });
  });

  it('says what is wrong with the database, without its password and without a stack', async () => {
    const { port } = await databases.cluster();
    await using folder = await tempFolder();
    for (const [database, reason] of [
      [`postgres://berth:hush@127.0.0.1:${port}/nowhere`, 'there is no database of this name on the server'],
      ['postgres://berth:hush@127.0.0.1:1/berth', 'nothing listens there'],
      [`postgres://nobody:hush@127.0.0.1:${port}/postgres`, 'role "nobody" does not exist'],
      ['postgres://berth:hush@no-such-host.invalid/berth', 'the name of the host is not known'],
      [`postgres://berth:hush@127.0.0.1:${port}/postgres?sslmode=verify-full`, 'does not support SSL'],
    ] as const) {
      const { code, stdout, stderr } = await refusedStart(['--data-dir', folder.path, '--database', database]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^error: the database postgres:/);
      expect(stderr).toMatch(/127\.0\.0\.1|no-such-host/);
      expect(stderr, reason).not.toMatch(/hush|^ +at /m);
    }
  });

  it('refuses tables of another version, and says which of the two is older', async () => {
    await using folder = await tempFolder();
    const database = await databases.fresh();
    const flags = ['--data-dir', folder.path, '--database', database];
    await inDatabase(database, (client) =>
      client.query('DELETE FROM schema_version WHERE version = $1', [MIGRATIONS.length]),
    );
    expect(await refusedStart(flags)).toMatchObject({ code: 1, stderr: expect.stringContaining('run berth migrate') });
    await inDatabase(database, (client) =>
      client.query(`INSERT INTO schema_version (version, name, works_with) VALUES ($1, 'to come', $1)`, [
        MIGRATIONS.length + 1,
      ]),
    );
    expect(await refusedStart(flags)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run a newer version of Berth'),
    });
  });

  it('is checked by berth fsck, which leaves an empty database as it is', async () => {
    await using folder = await tempFolder();
    const database = await emptyDatabase();
    const berth = await startBerth(['--data-dir', folder.path, '--database', database]);
    await push(clientOf(berth), 'app');
    const fsck = (address: string) => runBerth(['fsck', '--deep', '--data-dir', folder.path, '--database', address]);
    const held = await fsck(database);
    expect(held).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use by another berth process') });
    await berth.kill('SIGTERM');
    expect(await fsck(database)).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was found.') });
    const empty = await emptyDatabase();
    expect(await fsck(empty)).toMatchObject({ code: 1, stderr: expect.stringContaining(`${empty} is empty`) });
    await rm(join(folder.path, 'blobs'), { recursive: true });
    expect(await fsck(database)).toMatchObject({ code: 1, stdout: expect.stringContaining('0 mended') });
  });

  it('takes the password from PGPASSWORD, and shows where the database is without it', async () => {
    await using folder = await tempFolder();
    const url = new URL(await emptyDatabase());
    url.password = 'hush';
    let shown = '';
    await using berth = await startBerth(['--data-dir', folder.path, '--database', url.href, '--log-level', 'debug'], {
      onSaid: (text) => {
        shown += text;
      },
    });
    expect((await fetch(`${berth.origin}/readyz`)).status).toBe(200);
    expect(shown).not.toContain('hush');
  });

  it('answers that it cannot reach its database as something to try again, and is not ready until it can', async () => {
    await using folder = await tempFolder();
    const cluster = await databases.cluster();
    const database = await emptyDatabase();
    await using berth = await startBerth(['--data-dir', folder.path, '--database', database, '--log-format', 'json']);
    const ecr = clientOf(berth);
    await push(ecr, 'kept');
    const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
    const headers = { authorization: `Basic ${token?.authorizationToken}` };
    await cluster.stop();
    try {
      const refusal = await ecr.listImages({ repositoryName: 'kept' }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ name: 'ServerException', $metadata: { httpStatusCode: 500 } });
      const pull = await fetch(`${berth.origin}/v2/kept/manifests/v1`, { headers });
      expect([pull.status, pull.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await pull.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
      const ready = await fetch(`${berth.origin}/readyz?verbose`);
      expect([ready.status, await ready.text()]).toEqual([503, '[-] database\n[+] serving\nnot ready\n']);
      expect((await fetch(`${berth.origin}/livez`)).status).toBe(200);
      const requestId = pull.headers.get('x-amzn-requestid');
      const lines = berth
        .said()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.filter((line) => line['requestId'] === requestId)).toMatchObject([
        { level: 'warn', store: 'database', msg: 'a store is not available', err: { message: expect.any(String) } },
      ]);
    } finally {
      await cluster.start();
    }
    await expectPullable(berth, 'kept');
    expect((await fetch(`${berth.origin}/readyz`)).status).toBe(200);
  });
});
