import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBerth } from '../../test/support/berth-process.ts';
import { Requests } from '../requests.ts';
import { deleteImages, deletionsOf } from './deletions.ts';
import { EcrClient } from './ecr-client.ts';
import { ImageFamily } from './image.ts';
import { peakMemory } from './memory.ts';
import { timeNeighbours } from './neighbours.ts';
import { planOf, range, repositoryName, type SizePlan } from './plan.ts';
import type { Beside, SizeReport, Space } from './report.ts';
import { type Seeded, seed } from './seed.ts';
import { bytesBelow, waitForSpace } from './space.ts';
import { bytesOf, Traffic } from './traffic.ts';

export interface Circumstances {
  readonly folder: string;
  readonly smoke: boolean;
  /** How many images to delete beside pushes and pulls, with all their layers on the disk. */
  readonly space: number;
  /** How many seconds to wait for bytes to come back. */
  readonly patience: number;
  readonly say: (line: string) => void;
}

/** Bytes leave as soon as they may, where that is measured. The lease is longer than any push. */
const AT_ONCE = ['--gc-interval', '1s', '--gc-grace', '0s', '--gc-lease', '30s'];
const WARM_UP = 'bench/warm-up';

/** Berth on its embedded store, with every fsync. */
export async function measureBerth(size: number, circumstances: Circumstances): Promise<SizeReport> {
  const { smoke, say } = circumstances;
  const folder = join(circumstances.folder, `berth-${size}`);
  const plan = planOf(size, smoke, circumstances.space);
  const family = new ImageFamily(`seeded at ${Date.now()}`);
  await prepare(folder, family, plan);
  const started = performance.now();
  const seeded = seed(folder, family, plan);
  const seconds = (performance.now() - started) / 1000;
  say(
    `berth: ${plan.repositories} repositories of ${size} images seeded in ${seconds.toFixed(0)} s; layers on disk of ${plan.space.length + plan.sample.length} of them`,
  );
  const flat = await measureAlone(folder, family, plan, smoke);
  const beside = await measureBeside(folder, family, plan, seeded, circumstances.patience);
  return {
    contender: 'berth',
    size,
    ...flat,
    ...beside,
    peakMemory: Math.max(flat.peakMemory ?? 0, beside.peakMemory ?? 0) || undefined,
  };
}

/** The server makes the folder and the repositories, and takes the layers that all share. */
async function prepare(folder: string, family: ImageFamily, plan: SizePlan): Promise<void> {
  await using berth = await startBerth(['--data-dir', folder, '--log-level', 'error']);
  using client = new EcrClient(berth.origin);
  using requests = await ociRequests(client);
  for (const repository of range(0, plan.repositories)) {
    await client.call('CreateRepository', { repositoryName: repositoryName(repository) });
    for (const { digest, bytes } of family.shared) {
      const path = `/v2/${repositoryName(repository)}/blobs/uploads/?digest=${digest}`;
      await requests.expect(201, 'POST', path, { 'content-type': 'application/octet-stream' }, bytes);
    }
  }
}

/** As it comes: collection waits an hour, so what is measured are the operations. */
async function measureAlone(folder: string, family: ImageFamily, plan: SizePlan, smoke: boolean) {
  await using berth = await startBerth(['--data-dir', folder, '--log-level', 'error']);
  using client = new EcrClient(berth.origin);
  await warmUp(client, smoke ? 100 : 2000);
  await timeNeighbours(client, family, plan, smoke ? 10 : 100, 0);
  const neighbours = await timeNeighbours(client, family, plan, smoke ? 10 : 200, 1);
  const phases: SizeReport['phases'][number][] = [];
  for (const { order, clients, images } of plan.phases) {
    const calls = deletionsOf(client, plan, images, (number) => family.image(number).digest);
    phases.push({ order, clients, ...(await deleteImages(client, calls, clients)) });
  }
  return { phases, neighbours, peakMemory: await peakMemory(berth.pid) };
}

/** One client deletes while others push and pull, and bytes leave the disk at once. */
async function measureBeside(
  folder: string,
  family: ImageFamily,
  plan: SizePlan,
  seeded: Seeded,
  patience: number,
): Promise<{ readonly beside: Beside; readonly space: Space; readonly peakMemory: number | undefined }> {
  await using berth = await startBerth(['--data-dir', folder, '--log-level', 'error', ...AT_ONCE]);
  using client = new EcrClient(berth.origin);
  using requests = await ociRequests(client);
  await warmUp(client, plan.seconds === 1 ? 100 : 2000);
  const sample = plan.sample.map((number) => family.image(number));
  const traffic = new Traffic(requests, repositoryName(0), family.shared, sample);
  const calls = deletionsOf(client, plan, plan.space, (number) => family.image(number).digest);

  traffic.start();
  await sleep(plan.seconds * 500);
  const idleFrom = performance.now();
  await sleep(plan.seconds * 1000);
  const deletingFrom = performance.now();
  const last = deletingFrom + plan.seconds * 1000;
  const deletions = await deleteImages(client, calls, 1, () => performance.now() > last);
  const collectingFrom = performance.now();
  const filesOfAnImage = seeded.spaceFiles.length / plan.space.length;
  const gone = seeded.spaceFiles.slice(0, deletions.images * filesOfAnImage);
  const returned = await waitForSpace(gone, patience);
  const end = performance.now();
  await traffic.stop();

  const deletedBytes = plan.space
    .slice(0, deletions.images)
    .reduce((sum, number) => sum + bytesOf(family.image(number)), 0);
  const liveBytes = seeded.bytesOnDisk - deletedBytes + traffic.pushedBytes;
  return {
    beside: {
      deletions,
      idle: traffic.within(idleFrom, deletingFrom),
      deleting: traffic.overlapping(deletingFrom, collectingFrom),
      failedPushes: traffic.within(0, Number.POSITIVE_INFINITY).failedPushes,
      collecting: traffic.within(collectingFrom, end),
    },
    space: {
      returned,
      online: true,
      bytesOnDisk: await lastBytes(join(folder, 'blobs'), liveBytes, end + patience * 1000),
      liveBytes,
    },
    peakMemory: await peakMemory(berth.pid),
  };
}

/** What is on the disk once it is no more than `expected`, does not become less any more, or time is up. */
async function lastBytes(folder: string, expected: number, until: number): Promise<number> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const now = await bytesBelow(folder);
    if (now <= expected || now >= before || performance.now() > until) return now;
    before = now;
    await sleep(3000);
  }
}

/** Images without anything of their own but a manifest, put and deleted: the server's code is compiled after that. */
async function warmUp(client: EcrClient, images: number): Promise<void> {
  const repository = { repositoryName: WARM_UP };
  await client.call('CreateRepository', repository).catch(() => undefined);
  for (let put = 0; put < images; put += 100) {
    const imageIds = [];
    for (const number of range(put, 100)) {
      const imageManifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [],
        annotations: { number: `${number} ${Date.now()}` },
      });
      const { image } = await client.call('PutImage', { ...repository, imageManifest, imageTag: `v${number}` });
      imageIds.push(image.imageId);
    }
    await client.call('BatchDeleteImage', { ...repository, imageIds });
  }
}

export async function ociRequests(client: EcrClient): Promise<Requests> {
  const { authorizationData } = await client.call('GetAuthorizationToken', {});
  return new Requests(client.origin, { authorization: `Basic ${authorizationData[0].authorizationToken}` });
}
