import { afterAll, describe, expect, it } from 'vitest';
import { startBerth } from '../support/berth-process.ts';
import { Databases, NO_POSTGRES } from '../support/postgres/databases.ts';
import { clientOf, expectPullable, push } from '../support/push-and-read.ts';
import { refusedStart, runBerth } from '../support/run-berth.ts';
import { tempFolder } from '../support/temp-folder.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

const PRELOAD = new URL('../faults/berth-with-failpoints.ts', import.meta.url).href;

function killedAt(name: string) {
  return { NODE_OPTIONS: `--import ${PRELOAD}`, FAILPOINT: name, FAILPOINT_FROM: 'the beginning' };
}

describe.skipIf(NO_POSTGRES)('berth import', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  it('moves a folder to PostgreSQL, killed now and again, and back into another folder', async () => {
    await using folder = await tempFolder();
    await using files = await tempFolder();
    await using back = await tempFolder();
    {
      await using berth = await startBerth(['--data-dir', folder.path]);
      await push(clientOf(berth), 'app');
    }
    const database = await (await databases.cluster()).freshDatabase();
    const target = ['--database', database, '--data-dir', files.path];
    for (const place of ['import.noted', 'import.rows']) {
      const { code } = await runBerth(['import', '--from', folder.path, ...target], killedAt(place));
      expect(code, place).toBe(-1);
      const { stderr } = await refusedStart(target);
      expect(stderr).toContain('an import into this store has begun and not ended');
    }
    const ended = await runBerth(['import', '--from', folder.path, ...target]);
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('The check found nothing.')]);
    {
      await using berth = await startBerth(target);
      await expectPullable(berth, 'app');
      await push(clientOf(berth), 'new');
    }

    const returned = await runBerth(['import', '--from', database, '--from', files.path, '--data-dir', back.path]);
    expect([returned.code, returned.stdout]).toEqual([0, expect.stringContaining('The check found nothing.')]);
    await using berth = await startBerth(['--data-dir', back.path]);
    await expectPullable(berth, 'app');
    await expectPullable(berth, 'new');
  }, 120_000);
});
