import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBerth } from '../support/berth-process.ts';
import { baseLayers, digestOf, makeImage } from './load/content.ts';
import { Dice } from './load/dice.ts';
import { Journal } from './load/findings.ts';
import { push } from './load/push.ts';
import { Wire } from './load/wire.ts';
import { findMutant } from './mutants/mutants.ts';
import { openDisk, whyNoPowerCuts } from './power-cut.ts';

const noPowerCuts = await whyNoPowerCuts();

/**
 * A server that forces no commit, once it is killed, leaves what one leaves that is killed between writing a commit and
 * forcing it. The one after it finds the image there and has nothing to write when it is pushed again.
 */
test('A push that is acknowledged because a killed server had carried it out outlasts the loss of power', async ({
  skip,
}) => {
  if (noPowerCuts !== undefined) skip(noPowerCuts);
  await using disk = await openDisk();
  const flags = ['--data-dir', join(disk.path, 'data')];
  const journal = new Journal();
  const dice = new Dice(String(Date.now()));
  const first = makeImage(dice, baseLayers(dice, 3));
  const bytes = Buffer.concat([first.bytes, Buffer.from('\n')]);
  const second = { ...first, bytes, digest: digestOf(bytes) };
  const path = `/v2/app/manifests/${second.digest}`;
  const type = { 'content-type': second.mediaType };
  {
    await using berth = await startBerth(flags, { preload: findMutant('synchronous-normal') });
    using wire = await Wire.connect(berth.origin, journal);
    await wire.api('CreateRepository', { repositoryName: 'app' });
    expect(await push({ wire, dice, journal, lease: 60_000, sources: [] }, 'app', first, 't', new Map())).toBe('ok');
    expect(spawnSync('sync', ['-f', disk.path]).status).toBe(0);
    expect((await wire.oci('put-manifest', 'PUT', path, type, second.bytes)).status).toBe(201);
    await berth.kill('SIGKILL');
  }
  {
    await using berth = await startBerth(flags);
    using wire = await Wire.connect(berth.origin, journal);
    expect((await wire.oci('put-manifest', 'PUT', path, type, second.bytes)).status).toBe(201);
    await disk.cut();
    await berth.kill('SIGKILL');
  }
  await disk.restore();
  await using berth = await startBerth(flags);
  using wire = await Wire.connect(berth.origin, journal);
  const pulled = await wire.oci('get-manifest', 'GET', path, { accept: second.mediaType });
  expect(pulled.status).toBe(200);
  expect(digestOf(pulled.body)).toBe(second.digest);
}, 60_000);
