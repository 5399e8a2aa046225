import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkStores, start } from '../../src/main.ts';
import { startAdminServer } from '../admin/support/admin-server.ts';
import { settingsOf, startEcrServer } from '../ecr/support/ecr-server.ts';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage } from '../support/images.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { run } from './fake-terminal.ts';
import { berthOn, documents } from './support/berth.ts';

async function loseBlobs(folder: string): Promise<void> {
  const entries = await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isFile()) await rm(join(entry.parentPath, entry.name));
}

/** A folder with an image in it, whose server has ended. */
async function fill(folder: string): Promise<void> {
  await using server = await startEcrServer({ folder });
  const repository = await freshRepository(server.client);
  await repository.push(buildImage('a'), 'a');
}

describe('berth fsck', () => {
  test('asks the server, and ends with 0 where nothing is found and 1 where something is', async () => {
    await using server = await startAdminServer();
    const berth = berthOn(server);
    const repository = await freshRepository(server.ecr.client);
    await repository.push(buildImage('a'), 'a');
    const sound = await berth.run(['fsck', '--deep']);
    expect([sound.code, sound.err]).toEqual([0, '']);
    expect(sound.out).toMatch(/^Checked: .+\.\nNothing was found\.\n$/);
    await loseBlobs(server.folder);
    const broken = await berth.run(['fsck']);
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/^\d+ findings?, 0 mended\. --repair mends what can be mended\.$/m);
  });

  test('--data-dir checks the folder itself, with the same answer and exit code', async () => {
    await using folder = await tempFolder();
    await fill(folder.path);
    const sound = await run(['fsck', '--data-dir', folder.path], { checkStores });
    expect(sound).toMatchObject({ code: 0, err: '' });
    expect(sound.out).toContain('Nothing was found.');
    await loseBlobs(folder.path);
    const broken = await run(['fsck', '--data-dir', folder.path, '--json'], { checkStores });
    expect(broken.code).toBe(1);
    const lines = documents(broken.out);
    expect(lines[0]).toMatchObject({ kind: 'finding', problem: expect.any(String), repaired: false });
    expect(lines.at(-1)).toMatchObject({ kind: 'total', findings: lines.length - 1 });
  });

  test('--data-dir is refused while a server holds the folder', async () => {
    await using folder = await tempFolder();
    const running = await start(settingsOf(folder.path));
    try {
      const { code, out, err } = await run(['fsck', '--data-dir', folder.path], { checkStores });
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain(`the data folder ${folder.path} is in use by another berth process`);
    } finally {
      await running.close();
    }
  });

  test('--data-dir of no data folder is wrong usage, and makes none', async () => {
    await using folder = await tempFolder();
    const nowhere = join(folder.path, 'nowhere');
    const { code, err } = await run(['fsck', '--data-dir', nowhere], { checkStores });
    expect(code).toBe(2);
    expect(err).toContain(`there is no data folder at ${nowhere}`);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('forces nothing that is not a repair', async () => {
    const { code, err } = await run(['fsck', '--force']);
    expect(code).toBe(2);
    expect(err).toContain('--force goes with --repair');
  });

  test('is of a folder or of a server, not of both', async () => {
    const { code, err } = await run(['fsck', '--data-dir', 'here', '--endpoint', 'http://localhost:1']);
    expect(code).toBe(2);
    expect(err).toContain('--data-dir is for stores that the command opens, --endpoint asks a server: use one of them');
  });
});
