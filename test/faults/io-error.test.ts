import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { blobOf } from '../support/images.ts';
import { whyNoSystemCalls } from '../support/system-calls.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { namesOf, RegistryClient, randomImage } from './support/registry-client.ts';

const reason = whyNoSystemCalls();
if (reason) console.log(`Skipped: a disk that fails, because ${reason}`);

const CLIENTS = 4;

/** Makes forcing one file or folder to the disk fail, from the `when`-th time on or that time only, as strace says it. */
async function failSyncsOf(berth: BerthProcess, path: string, when: string, log: string) {
  const calls = 'fsync,fdatasync';
  const inject = `inject=${calls}:error=EIO:when=${when}`;
  const parameters = ['-f', '-y', '-P', path, '-e', `trace=${calls}`, '-e', inject, '-o', log, '-p', String(berth.pid)];
  const strace = spawn('strace', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  await attached(strace);
  return {
    /** Every try to force it to the disk, in order; what failed says so. */
    syncs: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /= (?:0|-1 EIO)/.test(line))
        .map((line) => (line.includes('INJECTED') ? 'failed' : 'done')),
    [Symbol.asyncDispose]: async () => {
      if (strace.exitCode !== null || strace.signalCode !== null) return;
      const ended = once(strace, 'exit');
      strace.kill('SIGINT');
      await ended;
    },
  };
}

async function attached(strace: ChildProcess): Promise<void> {
  let said = '';
  if (!strace.stderr) throw new Error('strace says nothing');
  for await (const chunk of strace.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (/attached/.test(said)) return;
  }
  throw new Error(`strace did not attach: ${said}`);
}

/** Pushes and pushes, until the server has gone or refuses; answers what was acknowledged. */
async function pushOn(client: RegistryClient, annotations = {}): Promise<ReturnType<typeof namesOf>[]> {
  const acknowledged = [];
  for (;;) {
    const image = randomImage(10_000, annotations);
    const answer = await client.push(image).catch(() => undefined);
    if (answer?.status !== 201) return acknowledged;
    acknowledged.push(namesOf(image));
  }
}

async function expectEndWithinASecond(berth: BerthProcess, since: number): Promise<void> {
  expect(await berth.ended).toBe(1);
  expect(performance.now() - since).toBeLessThan(1500);
  const lines = berth
    .said()
    .split('\n')
    .filter((line) => line.startsWith('error: '));
  expect(lines).toEqual([expect.stringMatching(/^error: the disk under \S+ has failed \(.+\)\. Berth stops, /)]);
}

async function expectAllWhole(dataDir: string, images: readonly ReturnType<typeof namesOf>[]): Promise<void> {
  await using berth = await startBerth(['--data-dir', dataDir]);
  const client = await new RegistryClient(berth, 'app').logIn();
  for (const image of images) await client.expectWhole(image);
  expect((await client.push(randomImage(10_000))).status).toBe(201);
}

describe.skipIf(reason !== undefined)('When forcing something to the disk fails', () => {
  test.each([
    ['the log, at once', 'berth.db-wal', '1'],
    ['the log, once and never again', 'berth.db-wal', '40'],
  ])('%s, the process stops, and nothing that was acknowledged is lost', async (_, file, when) => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await using berth = await startBerth(['--data-dir', dataDir]);
    const client = await new RegistryClient(berth, 'app').logIn();
    const first = randomImage(10_000);
    expect((await client.push(first)).status).toBe(201);
    await using watch = await failSyncsOf(berth, join(dataDir, file), when, join(folder.path, 'calls'));
    const pushes = Array.from({ length: CLIENTS }, () => pushOn(client));
    await Promise.race(pushes);
    const since = performance.now();
    const acknowledged = (await Promise.all(pushes)).flat();
    await expectEndWithinASecond(berth, since);
    expect(acknowledged.length > 0).toBe(when !== '1');
    const syncs = watch.syncs();
    // strace counts for each thread by itself, and several force the log in turns.
    expect(syncs.at(-1)).toBe('failed');
    expect(syncs.length).toBeGreaterThanOrEqual(Number(when));
    expect(syncs.slice(0, -1)).toEqual(syncs.slice(1).map(() => 'done'));
    await expectAllWhole(dataDir, [namesOf(first), ...acknowledged]);
  });

  test('a folder of blobs, the process stops, and nothing that was acknowledged is lost', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await using berth = await startBerth(['--data-dir', dataDir]);
    const client = await new RegistryClient(berth, 'app').logIn();
    const first = randomImage(10_000);
    expect((await client.push(first)).status).toBe(201);
    await using watch = await failSyncsOf(berth, join(dataDir, 'blobs'), '1+', join(folder.path, 'calls'));
    const pushes = Array.from({ length: CLIENTS }, () => pushOn(client));
    const acknowledged = (await Promise.all(pushes)).flat();
    await expectEndWithinASecond(berth, performance.now());
    // One for each client that was under way, and none that is tried again.
    const syncs = watch.syncs();
    expect(new Set(syncs)).toEqual(new Set(['failed']));
    expect(syncs.length).toBeLessThanOrEqual(CLIENTS);
    await expectAllWhole(dataDir, [namesOf(first), ...acknowledged]);
  });

  test('the database, when the log is copied into it, the process stops, and nothing that was acknowledged is lost', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await using berth = await startBerth(['--data-dir', dataDir]);
    const client = await new RegistryClient(berth, 'app').logIn();
    expect((await client.push(randomImage(10_000))).status).toBe(201);
    await using watch = await failSyncsOf(berth, join(dataDir, 'berth.db'), '1+', join(folder.path, 'calls'));
    // Large manifests, so that the log is soon long enough.
    const acknowledged = await pushOn(client, { padding: 'x'.repeat(1_000_000) });
    await expectEndWithinASecond(berth, performance.now());
    expect(acknowledged.length).toBeGreaterThan(5);
    expect(watch.syncs()).toEqual(['failed']);
    await expectAllWhole(dataDir, acknowledged);
  });

  test('one upload, it alone is refused, and it is not tried again', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await using berth = await startBerth(['--data-dir', dataDir]);
    const client = await new RegistryClient(berth, 'app').logIn();
    const image = randomImage(10_000);
    expect((await client.push(image)).status).toBe(201);
    const { ecr } = client;
    const repositoryName = 'app';
    const blob = blobOf('of an upload that fails');
    const upload = async () => {
      const { uploadId } = await ecr.initiateLayerUpload({ repositoryName });
      const part = { partFirstByte: 0, partLastByte: blob.bytes.byteLength - 1, layerPartBlob: blob.bytes };
      await ecr.uploadLayerPart({ repositoryName, uploadId, ...part });
      return () => ecr.completeLayerUpload({ repositoryName, uploadId, layerDigests: [blob.digest] });
    };
    const complete = await upload();
    const [name = ''] = readdirSync(join(dataDir, 'uploads'));
    await using watch = await failSyncsOf(berth, join(dataDir, 'uploads', name), '1+', join(folder.path, 'calls'));
    await expect(complete()).rejects.toMatchObject({ name: 'ServerException' });
    expect(watch.syncs()).toEqual(['failed']);
    expect(readdirSync(join(dataDir, 'uploads'))).toEqual([]);
    const again = await upload();
    expect((await again()).layerDigest).toBe(blob.digest);
    await client.expectWhole(namesOf(image));
  });
});
