import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { findPostgres } from '../support/postgres/cluster.ts';
import { Databases, NO_POSTGRES } from '../support/postgres/databases.ts';
import { clientOf, expectPullable, push } from '../support/push-and-read.ts';
import { runBerth } from '../support/run-berth.ts';
import { startAnyS3 } from '../support/s3/start-any-s3.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const PAGE = readFileSync(new URL('../../docs/operations/backup.md', import.meta.url), 'utf8');
const PROGRAM = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));

/** The lines for a shell in a section of the page. */
function linesOf(section: string): string {
  const [, text = ''] = PAGE.split(`\n## ${section}\n`);
  const [, lines = ''] = /```sh\n(.*?)```/s.exec(text) ?? [];
  if (lines === '') throw new Error(`docs/operations/backup.md has no lines in ${section}`);
  return lines;
}

/** Runs lines as somebody would type them who has PostgreSQL's programs and `berth` at hand. */
async function type(lines: string, folder: TempFolder, env: Readonly<Record<string, string>>): Promise<string> {
  const berth = join(folder.path, 'berth');
  await writeFile(berth, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(berth, 0o755);
  const path = [folder.path, findPostgres(), process.env['PATH']].join(delimiter);
  const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', lines], {
    env: { ...process.env, ...env, PATH: path },
  });
  return stdout;
}

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

describe.skipIf(NO_POSTGRES)('docs/operations/backup.md', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  it('brings back what was there at the backup, bit for bit, beside a bucket that has gone on', async () => {
    await using s3 = await startAnyS3();
    await using folder = await tempFolder();
    const cluster = await databases.cluster();
    const server = new URL(cluster.url());
    server.pathname = '';
    const env = {
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      BERTH_DATABASE: await cluster.freshDatabase(),
      BERTH_BLOBS: `s3://${await s3.freshBucket()}/images`,
      BERTH_S3_ENDPOINT: s3.endpoint,
      BERTH_S3_PATH_STYLE: 'true',
      BACKUP: folder.path,
      SERVER: server.href.replace(/\/$/, ''),
    };
    const serve = (database: string): Promise<BerthProcess> =>
      startBerth(['--database', database, '--gc-interval', '50ms'], { env });

    await using before = await serve(env.BERTH_DATABASE);
    for (const name of ['kept', 'deleted-later']) await push(clientOf(before), name);
    const { authorizationData: [token] = [] } = await clientOf(before).getAuthorizationToken({});
    await type(linesOf('Back up'), folder, env);
    await push(clientOf(before), 'too-late');
    await clientOf(before).deleteRepository({ repositoryName: 'deleted-later', force: true });
    await before.kill('SIGKILL');

    const found = await type(linesOf('Restore'), folder, env);
    expect(found).toContain('Nothing was found.');
    const database = `${env.SERVER}/berth_restored`;
    await using after = await serve(database);
    for (const name of ['kept', 'deleted-later']) await expectPullable(after, name);
    const { repositories = [] } = await clientOf(after).describeRepositories({});
    expect(repositories.map(({ repositoryName }) => repositoryName).sort()).toEqual(['deleted-later', 'kept']);
    const headers = { authorization: `Basic ${token?.authorizationToken}` };
    expect((await fetch(`${after.origin}/v2/`, { headers })).status).toBe(200);
    await push(clientOf(after), 'too-late');
    await expectPullable(after, 'too-late');
    const check = await runBerth(['fsck', '--deep', '--database', database], env);
    expect(check.stdout).toContain('Nothing was found.');
  });
});
