import { describe, expect, it } from 'vitest';
import { memoryFolder } from '../support/temp-folder.ts';
import { runSoak } from './run-soak.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const seed = String(Date.now());

describe('A registry that many clients push to, pull from and delete in while it collects every second', () => {
  it(`refuses no push, loses no byte, and has nothing on the disk but what is live (seed ${seed})`, async () => {
    await using folder = await memoryFolder();
    const options = { seconds: 8, operations: Number.POSITIVE_INFINITY, clients: 12, folder: folder.path, seed, say };
    const report = await runSoak(options);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ failedPushes: 0, missingBlobs: 0, left: { files: 0, bytes: 0 } });
    expect(report.onDisk).toEqual(report.live);
    expect(report.live.files).toBeGreaterThan(10);
    expect(Math.min(report.pushes, report.deletes)).toBeGreaterThan(20);
    for (const operation of ['told by HEAD', 'told by mount', 'told by upload', 'DeleteRepository ok']) {
      expect(report.counts[operation], operation).toBeGreaterThan(0);
    }
  }, 90_000);

  it('is found out when it does not keep what it says that it has', async () => {
    await using folder = await memoryFolder();
    const hidden: string[] = [];
    const report = await runSoak({
      seconds: 20,
      operations: Number.POSITIVE_INFINITY,
      clients: 12,
      folder: folder.path,
      seed,
      serverLease: 0,
      untilFound: true,
      say: (line) => hidden.push(line),
    });
    expect(report.findings).not.toEqual([]);
    // Whoever comes first upon what is not there: a push that names it, or a client that deletes it.
    expect(hidden[0]).toMatch(/failed push|wrong answer: DELETE .*BLOB_UNKNOWN/);
  }, 90_000);
});
