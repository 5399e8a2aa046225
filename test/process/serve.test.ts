import { execFile } from 'node:child_process';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startBerth } from '../support/berth-process.ts';
import { buildImage } from '../support/images.ts';
import { clientOf, push } from '../support/push-and-read.ts';
import { bytesIn, tempFolder } from '../support/temp-folder.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
const image = buildImage('served');

/** Runs `berth serve` where it cannot start. */
async function refusedStart(dataDir: string) {
  const run = promisify(execFile)(process.execPath, [PROGRAM, 'serve', '--port', '0', '--data-dir', dataDir]);
  return run.then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => ({ code: error.code, stderr: error.stderr }),
  );
}

describe('berth serve', () => {
  it('keeps what it acknowledged, and registry passwords, when it is killed and started again', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    const killed = await startBerth(['--data-dir', dataDir]);
    const before = clientOf(killed);
    await push(before, 'kept', image);
    const { authorizationData: [token] = [] } = await before.getAuthorizationToken({});
    await killed.kill('SIGKILL');

    await using berth = await startBerth(['--data-dir', dataDir]);
    const { images = [] } = await clientOf(berth).batchGetImage({
      repositoryName: 'kept',
      imageIds: [{ imageTag: 'v1' }],
    });
    expect(images.map(({ imageManifest }) => imageManifest)).toEqual([Buffer.from(image.bytes).toString('utf8')]);
    for (const { digest, bytes } of image.blobs) {
      const headers = { authorization: `Basic ${token?.authorizationToken}` };
      const answer = await fetch(`${berth.origin}/v2/kept/blobs/${digest}`, { headers });
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes));
    }
  });

  it('keeps a delete that it acknowledged when it is killed and started again', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    const killed = await startBerth(['--data-dir', dataDir]);
    const before = clientOf(killed);
    await push(before, 'emptied', image);
    await before.batchDeleteImage({ repositoryName: 'emptied', imageIds: [{ imageTag: 'v1' }] });
    await killed.kill('SIGKILL');

    await using berth = await startBerth(['--data-dir', dataDir]);
    expect((await clientOf(berth).listImages({ repositoryName: 'emptied' })).imageIds).toEqual([]);
  });

  it('lets a request in flight end when it is told to stop, and ends with 0', async () => {
    await using folder = await tempFolder();
    const berth = await startBerth(['--data-dir', join(folder.path, 'data')]);
    const slow = new TransformStream<Uint8Array, Uint8Array>();
    const writer = slow.writable.getWriter();
    const ecr = clientOf(berth);
    await ecr.createRepository({ repositoryName: 'slow' });
    const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
    const headers = { authorization: `Basic ${token?.authorizationToken}` };
    const begun = await fetch(`${berth.origin}/v2/slow/blobs/uploads/`, { method: 'POST', headers });
    const location = new URL(begun.headers.get('location') ?? '', berth.origin);
    const answer = fetch(location, { method: 'PATCH', headers, body: slow.readable, duplex: 'half' } as RequestInit);
    await writer.write(Buffer.from('first half, '));
    await expect.poll(() => bytesIn(join(folder.path, 'data', 'uploads'))).toBeGreaterThan(0);
    const ended = berth.kill('SIGTERM');
    await writer.write(Buffer.from('second half'));
    await writer.close();
    expect((await answer).status).toBe(202);
    expect(await ended).toBe(0);
  });

  it('refuses a data folder that another process serves, in words and with exit code 1', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await using _first = await startBerth(['--data-dir', dataDir]);
    const second = await refusedStart(dataDir);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`the data folder ${dataDir} is in use by another berth process`);
    expect(second.stderr).not.toContain('    at ');
  });

  it('refuses blobs without their database: an empty one would take them all for garbage', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await (await startBerth(['--data-dir', dataDir])).kill('SIGTERM');
    await rm(join(dataDir, 'berth.db'));
    const refused = await refusedStart(dataDir);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`has blobs, but ${join(dataDir, 'berth.db')} is missing`),
    });
  });

  it("refuses another registry's blobs", async () => {
    await using folder = await tempFolder();
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')];
    await (await startBerth(['--data-dir', one])).kill('SIGTERM');
    await (await startBerth(['--data-dir', two])).kill('SIGTERM');
    await copyFile(join(one, 'store-id'), join(two, 'store-id'));
    const refused = await refusedStart(two);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('belong to different registries') });
  });

  it('starts over a folder whose very first start was cut short while it gave the store its name', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    await (await startBerth(['--data-dir', dataDir])).kill('SIGTERM');
    const name = await readFile(join(dataDir, 'store-id'), 'utf8');
    await writeFile(join(dataDir, 'store-id'), '');
    await writeFile(join(dataDir, 'store-id.new'), name.slice(0, 5));
    await (await startBerth(['--data-dir', dataDir])).kill('SIGTERM');
    expect(await readFile(join(dataDir, 'store-id'), 'utf8')).toBe(name);
  });

  it('refuses a file that is no database, and leaves it as it is', async () => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, 'berth.db'), 'not a database, but somebody may want it');
    const refused = await refusedStart(folder.path);
    expect(refused.code).toBe(1);
  });
});
