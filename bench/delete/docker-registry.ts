import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contender.ts';
import { startDockerRegistry } from '../docker-registry.ts';
import type { Circumstances } from './berth.ts';
import type { Deletions } from './deletions.ts';
import { ImageFamily } from './image.ts';
import { peakMemory } from './memory.ts';
import { MANY_CLIENTS, range, repositoryName } from './plan.ts';
import type { SizeReport } from './report.ts';
import { seedDockerRegistry } from './seed-docker-registry.ts';
import { bytesBelow } from './space.ts';
import { time } from './timings.ts';
import { bytesOf, Traffic } from './traffic.ts';

/** Debian's docker-registry: DELETE of one manifest after the other, then its offline collection. `undefined` where it is not installed. */
export async function measureDockerRegistry(
  size: number,
  { folder: parent, smoke, say }: Circumstances,
): Promise<SizeReport | undefined> {
  const folder = join(parent, `docker-registry-${size}`);
  await mkdir(folder);
  const registry = await startDockerRegistry(folder);
  if (!registry) return undefined;
  await using server = registry;
  const family = new ImageFamily('docker-registry');
  const repository = repositoryName(0);
  const started = performance.now();
  const seededBytes = seedDockerRegistry(join(folder, 'data'), repository, family, range(0, size));
  say(
    `docker-registry: a repository of ${size} images, all layers on disk, seeded in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );

  const few = Math.min(100, Math.floor(size / 4));
  const deleted: number[] = [];
  const remove = async (from: number, count: number, clients: number, until?: () => boolean) => {
    const images = range(from, count);
    const { answers, ...timed } = await time(
      images,
      clients,
      (number) => one(server, repository, family, number),
      until,
    );
    deleted.push(...answers);
    return {
      ...timed,
      images: answers.length,
      imagesASecond: answers.length / timed.seconds,
      failed: 0,
    } satisfies Deletions;
  };
  const phases = [];
  for (const [position, clients] of [1, MANY_CLIENTS].entries()) {
    phases.push({ order: 'oldest first' as const, clients, ...(await remove(position * few, few, clients)) });
  }

  const sample = range(size - few, few).map((number) => family.image(number));
  const traffic = new Traffic(server.requests, repository, family.shared, sample);
  const seconds = smoke ? 1 : 10;
  traffic.start();
  await sleep(seconds * 500);
  const idleFrom = performance.now();
  await sleep(seconds * 1000);
  const deletingFrom = performance.now();
  const last = deletingFrom + seconds * 1000;
  const deletions = await remove(2 * few, few, 1, () => performance.now() > last);
  const end = performance.now();
  await traffic.stop();
  const memory = await peakMemory(server.pid);
  await server[Symbol.asyncDispose]();

  const returned = { seconds: await collect(folder), share: 1 };
  const gone = deleted.reduce((sum, number) => sum + bytesWithManifest(family, number), 0);
  return {
    contender: 'docker-registry',
    size,
    phases,
    beside: {
      deletions,
      idle: traffic.within(idleFrom, deletingFrom),
      deleting: traffic.overlapping(deletingFrom, end),
      failedPushes: traffic.within(0, Number.POSITIVE_INFINITY).failedPushes,
    },
    space: {
      returned,
      online: false,
      bytesOnDisk: await bytesBelow(join(folder, 'data', 'docker/registry/v2/blobs')),
      liveBytes: seededBytes - gone + traffic.pushedBytes + traffic.pushedManifestBytes,
    },
    peakMemory: memory,
  };
}

async function one({ requests }: Contender, repository: string, family: ImageFamily, number: number): Promise<number> {
  await requests.expect(202, 'DELETE', `/v2/${repository}/manifests/${family.image(number).digest}`);
  return number;
}

function bytesWithManifest(family: ImageFamily, number: number): number {
  const image = family.image(number);
  return bytesOf(image) + image.manifest.length;
}

/** Runs the collection to its end; answers how many seconds that took. */
async function collect(folder: string): Promise<number> {
  const started = performance.now();
  const collector = spawn('docker-registry', ['garbage-collect', join(folder, 'config.yml')], { stdio: 'ignore' });
  const [code] = await once(collector, 'exit');
  if (code !== 0) throw new Error(`docker-registry garbage-collect ended with ${code}`);
  return (performance.now() - started) / 1000;
}
