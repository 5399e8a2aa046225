import { expect, test } from 'vitest';
import { probeDuring, runLoad } from '../../bench/overload/load.ts';
import { makeKinds } from '../../bench/overload/requests.ts';
import { startBerth } from '../support/berth-process.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a server that is asked for too much serves what it can, refuses the rest and stays well', async () => {
  await using folder = await tempFolder();
  await using berth = await startBerth(['--data-dir', folder.path, '--max-requests', '4']);
  const { origin } = berth;
  const kinds = await makeKinds(berth);
  const usual = await runLoad({ origin, kinds, clients: 4, lasting: 500, settling: 0 });
  expect(usual.servedCount).toBeGreaterThan(0);
  expect(usual.refused).toEqual([]);
  const { result, probes } = await probeDuring(
    origin,
    runLoad({ origin, kinds, clients: 60, lasting: 1500, settling: 0 }),
  );
  expect([...result.served.keys()].sort()).toEqual(kinds.map(({ name }) => name).sort());
  expect(result.refused.length).toBeGreaterThan(0);
  expect(probes.length).toBeGreaterThan(0);
  const after = await runLoad({ origin, kinds, clients: 4, lasting: 500, settling: 0 });
  expect(after.refused).toEqual([]);
});
