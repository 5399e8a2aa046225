import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import { describe, expect, test } from 'vitest';
import type { ImportStore } from '../../src/cli/import.ts';
import type { Settings } from '../../src/config/settings.ts';
import { importInto, start } from '../../src/main.ts';
import { onFailpoint } from '../../src/model/failpoint.ts';
import { settingsOf, startEcrServer } from '../ecr/support/ecr-server.ts';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage } from '../support/images.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { begin, run } from './fake-terminal.ts';
import { documents } from './support/berth.ts';

const PARTS = { importStore: importInto };

/** A folder with an image in it, whose server has ended, and a place beside it for a target. */
async function filledFolder(): Promise<TempFolder & { readonly source: string; readonly target: string }> {
  const folder = await tempFolder();
  const [source, target] = [join(folder.path, 'source'), join(folder.path, 'target')];
  await using server = await startEcrServer({ folder: source });
  const repository = await freshRepository(server.client);
  await repository.push(buildImage('a'), 'a');
  return { ...folder, source, target };
}

/** What the command would have done, as settings of both sides. */
async function understood(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const seen: Settings[] = [];
  const importStore: ImportStore = async (from, to) => {
    seen.push(from, to);
    return { blobs: { copied: 0, found: 0, lost: 0 }, bytes: 0, rows: {}, findings: 0 };
  };
  const ran = await run(['import', ...argv], { importStore, env });
  const [from, to] = seen;
  return { ...ran, from, to };
}

describe('berth import', () => {
  test('copies a folder into another, which a server then serves', async () => {
    await using folder = await filledFolder();
    const { code, out, err } = await run(['import', '--from', folder.source, '--data-dir', folder.target], PARTS);
    expect(err).toMatch(/^Importing 2 blobs of \d+ B\.\nRows:\nComparing rows:\n$/);
    expect(out).toMatch(/^Imported: 2 blobs \(\d+ B copied\), \d+ rows\.\nThe check found nothing\./);
    expect(code).toBe(0);
    await using server = await startEcrServer({ folder: folder.target });
    const { repositories } = await server.client.send(new DescribeRepositoriesCommand({}));
    expect(repositories).toHaveLength(1);
  });

  test('--json ends with what it came to', async () => {
    await using folder = await filledFolder();
    const { out, code } = await run(['import', '--from', folder.source, '--data-dir', folder.target, '--json'], PARTS);
    expect(code).toBe(0);
    expect(documents(out)).toEqual([
      expect.objectContaining({ kind: 'total', blobs: { copied: 2, found: 0, lost: 0 }, findings: 0 }),
    ]);
  });

  test('is broken off by Ctrl-C, is not served until it has ended, and goes on when it is run again', async () => {
    await using folder = await filledFolder();
    const argv = ['import', '--from', folder.source, '--data-dir', folder.target];
    const importing = Promise.withResolvers<() => void>();
    using listening = onFailpoint((name) => {
      if (name === 'import.noted') importing.promise.then((interrupt) => interrupt());
    });
    const { code, send, printed } = begin(argv, PARTS);
    importing.resolve(() => send('SIGINT'));
    expect(await code).toBe(130);
    listening[Symbol.dispose]();
    expect(printed.err).toContain('Stopped. Run the same command again to go on.\n');
    await expect(start(settingsOf(folder.target))).rejects.toThrow('an import into this store has begun and not ended');
    const again = await run(argv, PARTS);
    expect([again.code, again.err]).toEqual([0, expect.stringMatching(/^Going on with 2 blobs of \d+ B\.\n/)]);
    expect(again.out).toMatch(/of them in an earlier run/);
    await (await start(settingsOf(folder.target))).close();
  });

  test('is refused while a server holds the source', async () => {
    await using folder = await filledFolder();
    const running = await start(settingsOf(folder.source));
    try {
      const { code, err } = await run(['import', '--from', folder.source, '--data-dir', folder.target], PARTS);
      expect(code).toBe(1);
      expect(err).toContain(`the data folder ${folder.source} is in use by another berth process`);
    } finally {
      await running.close();
    }
  });

  test('says in a sentence that the target is not empty', async () => {
    await using folder = await filledFolder();
    const argv = ['import', '--from', folder.source, '--data-dir', folder.target];
    await run(argv, PARTS);
    const { code, err } = await run(argv, PARTS);
    expect([code, err]).toEqual([1, 'error: the target is not empty\nImport into a new database, or a new folder.\n']);
  });

  test('takes the target from settings, as the server does, and the source from --from alone', async () => {
    await using folder = await filledFolder();
    const env = {
      BERTH_DATABASE: 'postgres://berth@db/new',
      BERTH_BLOBS: 's3://bucket/new',
      BERTH_S3_PATH_STYLE: 'true',
    };
    const { from, to, code } = await understood(['--from', folder.source], env);
    expect(code).toBe(0);
    expect(from).toMatchObject({ database: { kind: 'sqlite' }, blobs: { kind: 'files' }, dataDir: folder.source });
    expect(to).toMatchObject({
      database: { kind: 'postgres', url: 'postgres://berth@db/new' },
      blobs: { kind: 's3', bucket: 'bucket', prefix: 'new' },
      s3PathStyle: true,
    });
  });

  test('takes rows and bytes from different places', async () => {
    await using folder = await filledFolder();
    const database = 'postgres://berth@db/berth';
    const bucket = [
      '--from',
      's3://images/berth',
      '--from-s3-endpoint',
      'http://127.0.0.1:9000',
      '--from-s3-path-style',
    ];
    const elsewhere = ['--data-dir', folder.target];
    const all = await understood(['--from', database, ...bucket, ...elsewhere]);
    expect(all.from).toMatchObject({
      database: { kind: 'postgres', url: database },
      blobs: { kind: 's3', bucket: 'images', prefix: 'berth' },
      s3Endpoint: 'http://127.0.0.1:9000',
      s3PathStyle: true,
    });
    const rows = await understood(['--from', database, '--from', folder.source, ...elsewhere]);
    expect(rows.from).toMatchObject({
      database: { kind: 'postgres' },
      blobs: { kind: 'files' },
      dataDir: folder.source,
    });
    const bytes = await understood(['--from', folder.source, ...bucket, ...elsewhere]);
    expect(bytes.from).toMatchObject({ database: { kind: 'sqlite' }, blobs: { kind: 's3' }, dataDir: folder.source });
  });

  test.each([
    [['--from', 's3://images'], 'has the bytes alone'],
    [['--from', 'postgres://berth@db/berth'], 'names a database alone'],
    [['--from', 's3://images', '--from', 's3://others'], 'names two databases, two buckets or two folders'],
    [['--from', 'mysql://berth:word@db/berth'], '--from is not a data folder'],
    [['--from', 'nowhere'], 'there is no data folder at /here/nowhere'],
    [[], "required option '--from <place>' not specified"],
  ])('of %j is wrong usage', async (argv, sentence) => {
    const { code, err } = await understood(argv);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(err).not.toContain('word');
  });

  test('of a folder into itself, or with flags for a bucket that is none, is wrong usage', async () => {
    await using folder = await filledFolder();
    const itself = await understood(['--from', folder.source, '--data-dir', folder.source]);
    expect([itself.code, itself.err]).toEqual([2, expect.stringContaining('is the source: name a target')]);
    const useless = await understood([
      '--from',
      folder.source,
      '--from-s3-region',
      'auto',
      '--data-dir',
      folder.target,
    ]);
    expect([useless.code, useless.err]).toEqual([2, expect.stringContaining('go with --from s3://…')]);
    const neither = join(folder.path, 'neither');
    await mkdir(neither);
    const empty = await understood(['--from', neither, '--data-dir', folder.target]);
    expect(empty.err).toContain('it would have a file berth.db');
    expect(await readdir(neither)).toEqual([]);
  });
});
