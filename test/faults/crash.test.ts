import { describe, expect, it } from 'vitest';
import { memoryFolder, tempFolder } from '../support/temp-folder.ts';
import { openEvidence } from './evidence.ts';
import { afterAnHonestCycle, findMutant } from './mutants/mutants.ts';
import { openDisk, whyNoPowerCuts } from './power-cut.ts';
import { runCrash } from './run-crash.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const seed = String(Date.now());
const noPowerCuts = await whyNoPowerCuts();
const NOTHING_WRONG = { lost: 0, undone: 0, damaged: 0, failedPushes: 0, storeFindings: 0, findings: [] };

describe('A registry that ends at a moment that it does not expect', () => {
  it(`has all that it acknowledged when it was killed (seed ${seed})`, async () => {
    await using folder = await tempFolder();
    await using evidence = await openEvidence();
    const report = await runCrash({ cycles: 4, clients: 8, folder: folder.path, evidence, seed, say });
    expect(report).toMatchObject({ cycles: 4, ...NOTHING_WRONG });
    expect(report.pushes).toBeGreaterThan(10);
  }, 120_000);

  it(`has all that it acknowledged when the power was cut (seed ${seed})`, async ({ skip }) => {
    if (noPowerCuts !== undefined) skip(noPowerCuts);
    await using disk = await openDisk();
    await using evidence = await openEvidence();
    const report = await runCrash({ cycles: 3, clients: 8, folder: disk.path, disk, evidence, seed, say });
    expect(report).toMatchObject({ cycles: 3, ...NOTHING_WRONG });
    expect(report.pushes).toBeGreaterThan(5);
  }, 120_000);
});

describe('A registry that would lose something with the power', () => {
  // Whatever else goes to the disk may hide what is not forced to it.
  const conditions = () => ({});
  const faults = [
    ['synchronous-normal', 'wait for its commits to reach the disk'],
    ['no-fsync', 'force blobs to the disk'],
  ] as const;
  for (const [mutant, duty] of faults) {
    it(`is found out when it does not ${duty}`, async ({ skip }) => {
      if (noPowerCuts !== undefined) skip(noPowerCuts);
      await using disk = await openDisk();
      const planted = afterAnHonestCycle(findMutant(mutant));
      const say = () => undefined;
      const options = {
        cycles: 12,
        clients: 6,
        folder: disk.path,
        disk,
        planted,
        conditions,
        untilFound: true,
        seed,
        say,
      };
      expect((await runCrash(options)).findings).not.toEqual([]);
    }, 120_000);
  }

  it('is found out when it does not force the names of blobs to the disk', async ({ skip }) => {
    if (noPowerCuts !== undefined) skip(noPowerCuts);
    await using disk = await openDisk();
    await using database = await memoryFolder();
    const planted = afterAnHonestCycle(findMutant('no-folder-fsync'));
    const say = () => undefined;
    const options = {
      cycles: 12,
      clients: 2,
      folder: disk.path,
      disk,
      planted,
      conditions,
      untilFound: true,
      seed,
      say,
    };
    const report = await runCrash({ ...options, databaseFolder: database.path, afterPush: true });
    expect(report.findings).not.toEqual([]);
  }, 120_000);
});
