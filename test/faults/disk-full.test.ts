import { rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { bytesIn } from '../support/temp-folder.ts';
import { namesOf, RegistryClient, randomImage } from './support/registry-client.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from './support/small-disk.ts';

/** How often the disk is filled and healed; a hundred by hand. */
const CYCLES = Number(process.env['FILL_CYCLES'] ?? 3);
const MIB = 1024 * 1024;
const DISK = 128;
const LAYER = 2 * MIB;
const KEPT = 5;
const FLAGS = ['--gc-grace', '0s', '--gc-lease', '4s', '--gc-interval', '100ms'];

const reason = await whyNoSmallDisk();
if (reason) console.log(`Skipped: a disk that is full, because ${reason}`);

type Names = ReturnType<typeof namesOf>;

/** A server on a disk of its own, and the images that it has acknowledged and not been asked to delete. */
class Filling {
  readonly disk: SmallDisk;
  readonly images: Names[] = [];
  berth: BerthProcess;
  client: RegistryClient;

  constructor(disk: SmallDisk, berth: BerthProcess) {
    this.disk = disk;
    this.berth = berth;
    this.client = new RegistryClient(berth, 'app');
  }

  static async begin(): Promise<Filling> {
    await using opening = new AsyncDisposableStack();
    const disk = opening.use(await mountSmallDisk(DISK));
    const berth = opening.use(await startBerth(['--data-dir', join(disk.path, 'data'), ...FLAGS]));
    const filling = new Filling(disk, berth);
    await filling.client.logIn();
    opening.move();
    return filling;
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.disk.path);
    return bavail * bsize;
  }

  get blobsFolder(): string {
    return join(this.disk.path, 'data', 'blobs');
  }

  async push(bytes = LAYER): Promise<{ readonly status: number; readonly text: string }> {
    const image = randomImage(bytes);
    const answer = await this.client.push(image);
    if (answer.status === 201) this.images.push(namesOf(image));
    return answer;
  }

  /** Pushes until it is refused, and expects the refusal that a full disk deserves. */
  async pushUntilFull(): Promise<void> {
    for (;;) {
      const { status, text } = await this.push();
      if (status === 201) continue;
      expect([status, text]).toEqual([
        507,
        expect.stringMatching(/^\{"errors":\[\{"code":"STORAGE_FULL","message":"[^"]*no space left[^"]*"\}\]\}\n$/),
      ]);
      return;
    }
  }

  /** All but a few go, and their bytes with them. */
  async deleteMost(): Promise<void> {
    const doomed = this.images.splice(KEPT);
    await this.client.delete(doomed.map(({ digest }) => digest));
    const wanted = this.images.length * (LAYER + 4096);
    await expect.poll(() => bytesIn(this.blobsFolder), { timeout: 30_000 }).toBeLessThan(wanted);
  }

  async expectAllWhole(): Promise<void> {
    for (const image of this.images) await this.client.expectWhole(image);
  }

  async restart(): Promise<void> {
    await this.berth.kill('SIGKILL');
    this.berth = await startBerth(['--data-dir', join(this.disk.path, 'data'), ...FLAGS]);
    this.client = await new RegistryClient(this.berth, 'app').logIn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.berth.kill('SIGKILL');
    await this.disk[Symbol.asyncDispose]();
  }
}

describe.skipIf(reason !== undefined)('On a disk that is full', { timeout: 120_000 }, () => {
  test('pushes are refused in words, everything can be read and deleted, and pushes go on when that has made space', {
    timeout: 60_000 + CYCLES * 20_000,
  }, async () => {
    await using filling = await Filling.begin();
    const figures = { acknowledged: 0, deleted: 0 };
    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      const before = filling.images.length;
      await filling.pushUntilFull();
      expect(filling.images.length).toBeGreaterThan(before + 20);
      await filling.expectAllWhole();
      expect(await filling.client.readiness()).toBe(200);
      figures.acknowledged += filling.images.length - before;
      figures.deleted += filling.images.length - KEPT;
      await filling.deleteMost();
      expect((await filling.push()).status).toBe(201);
    }
    await filling.expectAllWhole();
    await filling.restart();
    await filling.expectAllWhole();
    console.log(`${CYCLES} times full and healed: ${JSON.stringify(figures)}, all that is left whole`);
  });

  test('that another program has filled to the last block, deletion has the reserve', {
    timeout: 120_000,
  }, async () => {
    await using filling = await Filling.begin();
    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      while (filling.images.length < 20) expect((await filling.push()).status).toBe(201);
      await expect.poll(() => statSync(join(filling.disk.path, 'data', 'reserve')).size).toBeGreaterThan(6 * MIB);
      // Stopped for the moment, or it would give up the reserve to somebody who is not satisfied yet.
      process.kill(filling.berth.pid, 'SIGSTOP');
      const takeBack = filling.disk.fill();
      expect(filling.free).toBeLessThan(0.1 * MIB);
      process.kill(filling.berth.pid, 'SIGCONT');
      await filling.deleteMost();
      expect((await filling.push()).status).toBe(201);
      await filling.expectAllWhole();
      takeBack();
    }
  });

  test('the JSON API refuses what stores, as a failure of the server that clients may try again', async () => {
    await using filling = await Filling.begin();
    await filling.push();
    const { ecr } = filling.client;
    const { uploadId } = await ecr.initiateLayerUpload({ repositoryName: 'app' });
    await filling.pushUntilFull();
    const imageManifest = '{}';
    const layerPartBlob = Buffer.alloc(LAYER);
    for (const call of [
      () => ecr.createRepository({ repositoryName: 'other' }),
      () => ecr.initiateLayerUpload({ repositoryName: 'app' }),
      () => ecr.putImage({ repositoryName: 'app', imageManifest }),
      () =>
        ecr.uploadLayerPart({
          repositoryName: 'app',
          uploadId,
          partFirstByte: 0,
          partLastByte: LAYER - 1,
          layerPartBlob,
        }),
    ]) {
      await expect(call()).rejects.toMatchObject({
        name: 'ServerException',
        message: expect.stringMatching(/no space left/),
        $metadata: { httpStatusCode: 500 },
      });
    }
    expect((await ecr.describeRepositories({})).repositories?.map(({ repositoryName }) => repositoryName)).toEqual([
      'app',
    ]);
    expect(filling.berth.said()).toMatch(/the disk is full: nothing new is stored until space is freed/);
  });

  test('a server that is killed and started again can still delete, and pushes go on after that', async () => {
    await using filling = await Filling.begin();
    await filling.pushUntilFull();
    await filling.restart();
    expect((await filling.push()).status).toBe(507);
    await filling.expectAllWhole();
    await filling.deleteMost();
    expect((await filling.push()).status).toBe(201);
    await filling.expectAllWhole();
  });

  test('an upload that does not fit gives back at once what had arrived of it', async () => {
    await using filling = await Filling.begin();
    await filling.push();
    await expect.poll(() => statSync(join(filling.disk.path, 'data', 'reserve')).size).toBeGreaterThan(6 * MIB);
    const { free } = filling;
    expect((await filling.push(free)).status).toBe(507);
    expect(filling.free).toBeGreaterThan(free - MIB);
    expect((await filling.push()).status).toBe(201);
  });

  test('nothing starts that could not be stopped from losing data, and the refusal says why', async () => {
    await using disk = await mountSmallDisk(64);
    const takeBack = disk.fill();
    await expect(startBerth(['--data-dir', join(disk.path, 'data')])).rejects.toThrow(/disk is full/);
    takeBack();
    rmSync(join(disk.path, 'data'), { recursive: true, force: true });
    await using berth = await startBerth(['--data-dir', join(disk.path, 'data')]);
    expect(await (await new RegistryClient(berth, 'app').logIn()).readiness()).toBe(200);
  });
});
