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
      untilFound: 'failed push',
      say: (line) => hidden.push(line),
    });
    expect(report.failedPushes).toBeGreaterThan(0);
    // Not always the first: a client that deletes what it has put may come upon nothing before.
    expect(hidden.join('\n')).toContain('failed push');
  }, 90_000);
});
