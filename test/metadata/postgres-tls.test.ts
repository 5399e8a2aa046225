import { afterAll, describe, expect, test } from 'vitest';
import { migratePostgres } from '../../src/metadata/postgres/migrate.ts';
import { DatabaseUnreachable } from '../../src/metadata/postgres/reach.ts';
import { insertRepository, REGISTRY } from '../contract/metadata/fixture.ts';
import { Authority, whyNoCertificates } from '../support/certificates.ts';
import { type PostgresCluster, startPostgres } from '../support/postgres/cluster.ts';
import { inDatabase, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

const reason = NO_POSTGRES ?? whyNoCertificates();
if (reason) console.log(`Skipped: ${reason}`);

/** Whoever wants another database than the one that the tests themselves use has to come by TLS. */
const INSISTS = 'host postgres all 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 trust\n';

async function startWithTls(authority: Authority): Promise<PostgresCluster> {
  const { certificate, key } = await authority.certify('localhost');
  return startPostgres({
    settings: { ssl: 'on', ssl_cert_file: 'server.pem', ssl_key_file: 'server.key' },
    files: { 'server.pem': certificate, 'server.key': key, 'pg_hba.conf': INSISTS },
  });
}

describe.skipIf(reason)('A database that insists on TLS', async () => {
  if (reason) return;
  await using starting = new AsyncDisposableStack();
  const authority = starting.use(await Authority.found());
  const cluster = starting.use(await startWithTls(authority));
  const started = starting.move();
  afterAll(() => started.disposeAsync());

  const fresh = async (search: string, host = 'localhost') => {
    const url = new URL(await cluster.freshDatabase());
    url.hostname = host;
    url.search = search;
    return url.href;
  };
  const refusal = async (url: string) => {
    const error = await openPostgres(url).then(
      () => expect.unreachable('It was opened'),
      (why: unknown) => why,
    );
    expect(error).toBeInstanceOf(DatabaseUnreachable);
    return (error as Error).message;
  };

  test('is used by TLS only, when its authority is named', async () => {
    const url = await fresh(`?sslmode=verify-full&sslrootcert=${authority.path}`);
    await migratePostgres(url);
    await using metadata = await openPostgres(url);
    await metadata.write((tx) => insertRepository(tx, 'app'));
    const looks = Array.from({ length: 20 }, () =>
      metadata.read((view) => view.repositories.find(REGISTRY, 'app')).then((found) => found?.name),
    );
    expect(new Set(await Promise.all(looks))).toEqual(new Set(['app']));
    expect(metadata.pool.total).toBeGreaterThan(1);
    const { rows } = await inDatabase(url, (client) =>
      client.query<{ ssl: boolean }>(
        'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = current_database()',
      ),
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.filter(({ ssl }) => !ssl)).toEqual([]);
  });

  test('whose authority is not known is not used', async () => {
    const message = await refusal(await fresh('?sslmode=verify-full'));
    expect(message).toMatch(/no authority that is known here vouches for its certificate: .*sslrootcert=/);
    // Where people expect less of a word, they get no less.
    for (const mode of ['require', 'prefer', 'verify-ca']) {
      expect(await refusal(await fresh(`?sslmode=${mode}`))).toMatch(/vouches for its certificate/);
    }
  });

  test('whose certificate is for another name is not used', async () => {
    const message = await refusal(await fresh(`?sslmode=verify-full&sslrootcert=${authority.path}`, '127.0.0.1'));
    expect(message).toMatch(/its certificate is for another name: .*127\.0\.0\.1/);
  });

  test('does not let in who comes without, who hears how to come', async () => {
    expect(await refusal(await fresh(''))).toMatch(/does not let this user in.*add sslmode=verify-full to the address/);
    expect(await refusal(await fresh('?sslmode=disable'))).toMatch(/add sslmode=verify-full/);
  });

  test('encrypts for whoever answers, if that is what was asked for', async () => {
    await using metadata = await openPostgres(await fresh('?sslmode=no-verify'));
    expect(await metadata.read((view) => view.repositories.count(REGISTRY))).toBe(0);
  });
});

test.skipIf(NO_POSTGRES)('A database without TLS is not used by who asks for it', async () => {
  await using cluster = await startPostgres();
  const url = `${await cluster.freshDatabase()}?sslmode=verify-full`;
  await expect(openPostgres(url)).rejects.toThrow(
    /does not speak TLS: switch that on at the server, or leave sslmode out/,
  );
});
