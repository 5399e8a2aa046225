import { describe, expect, test } from 'vitest';
import { startAdminServer } from '../admin/support/admin-server.ts';
import { run } from './fake-terminal.ts';
import { berthOn, documents } from './support/berth.ts';
import { otherServer } from './support/other-server.ts';

describe('berth gc', () => {
  test('status shows what waits and that nothing was done yet, and run --wait what a round brought', async () => {
    await using server = await startAdminServer();
    const berth = berthOn(server);
    const before = await berth.run(['gc', 'status']);
    expect([before.code, before.err]).toEqual([0, '']);
    expect(before.out).toMatch(/^Awaiting erase +0 blobs +0 B$/m);
    expect(before.out).toContain('No round has ended since the server started.');
    const round = await berth.run(['gc', 'run', '--wait']);
    expect(round.code).toBe(0);
    expect(round.out).toMatch(/^The round is over: .*erased bytes 0 B.*\.\n$/);
    server.clock.advance(12_000);
    expect((await berth.run(['gc', 'status'])).out).toMatch(/^The last round ended 12 s ago: .*\.$/m);
  });

  test('--json is one document', async () => {
    await using server = await startAdminServer();
    const berth = berthOn(server);
    const run = await berth.run(['gc', 'run', '--wait', '--json']);
    expect(documents(run.out)).toMatchObject([{ collected: { erasedBytes: 0 } }]);
    const status = await berth.run(['gc', 'status', '--json']);
    expect(documents(status.out)).toMatchObject([
      { deleted: { images: 0 }, idle: { bytes: 0 }, trash: { count: 0, bytes: 0, failing: 0 }, lastRound: {} },
    ]);
  });

  test('run does not wait unless it is told to', async () => {
    await using server = await startAdminServer();
    const berth = berthOn(server);
    const { code, out } = await berth.run(['gc', 'run']);
    expect([code, out]).toEqual([0, "A round has begun. 'berth gc status' shows how it went.\n"]);
    expect(documents((await berth.run(['gc', 'run', '--json'])).out)).toEqual([{ started: true }]);
  });

  test('status tells of blobs that could not be erased, and of a round that failed', async () => {
    const now = Date.UTC(2026, 10, 23);
    const status = {
      deleted: { images: 2, oldest: now - 3_600_000 },
      idle: { bytes: 1_200_000_000, oldest: now + 60_000 },
      trash: { count: 3, bytes: 5, oldest: now - 86_400_000, failing: 1, lastError: 'EIO\u001b[2J' },
      lastRound: { beganAt: now - 3000, endedAt: now - 2000, error: 'disk I/O error' },
    };
    await using other = await otherServer((_, response) => response.end(JSON.stringify(status)));
    const { code, out } = await run(['gc', 'status'], { env: other.env, clock: { now: () => now } });
    expect(code).toBe(0);
    expect(out).toMatch(/^Deleted images +2 images +the first since 1 h$/m);
    expect(out).toMatch(/^Idle, to be condemned +1\.2 GB +the first in 1 min$/m);
    expect(out).toMatch(/^Awaiting erase +3 blobs +5 B +the first since 1 d$/m);
    expect(out).toContain('1 blob could not be erased and will be tried again; the last error: EIO\\u001b[2J\n');
    expect(out).toContain('The last round ended 2 s ago; it failed: disk I/O error\n');
  });
});
