import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../docker-registry.ts';
import type { Circumstances } from './berth.ts';
import { deleteImages, deletionsOf } from './deletions.ts';
import { EcrClient } from './ecr-client.ts';
import { ImageFamily } from './image.ts';
import { peakMemory } from './memory.ts';
import { timeNeighbours } from './neighbours.ts';
import { planOf, range, repositoryName, type SizePlan } from './plan.ts';
import type { SizeReport } from './report.ts';

const IMAGES_A_PHASE = 2000;

/**
 * moto's server: the operations on manifests, in memory only, nothing durable. It stores no layers, so there are no pushes,
 * pulls and bytes to watch. `undefined` where it is not installed.
 */
export async function measureMoto(size: number, { smoke, say }: Circumstances): Promise<SizeReport | undefined> {
  const port = await freePort();
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const failed = once(server, 'error').then(() => true);
  using client = new EcrClient(`http://127.0.0.1:${port}`);
  if (await Promise.race([failed, ready(client.origin).then(() => false)])) return undefined;
  try {
    const plan = planOf(size, smoke, 0, smoke ? size : IMAGES_A_PHASE);
    const family = new ImageFamily('moto');
    const images = [...range(0, plan.size), ...plan.phases.flatMap((phase) => phase.images)];
    say(`moto: putting ${images.length} images, ${size} a repository`);
    const digests = await putAll(client, family, plan, images);
    await timeNeighbours(client, family, plan, 10, 0);
    const neighbours = await timeNeighbours(client, family, plan, smoke ? 10 : 100, 1);
    const phases: SizeReport['phases'][number][] = [];
    for (const { order, clients, images } of plan.phases) {
      const calls = deletionsOf(client, plan, images, (number) => digests.get(number) ?? '');
      phases.push({ order, clients, ...(await deleteImages(client, calls, clients)) });
    }
    return { contender: 'moto', size, phases, neighbours, peakMemory: await peakMemory(server.pid ?? 0) };
  } finally {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
}

/** Answers the digests that moto gives the images: they are not those of the manifests. */
async function putAll(
  client: EcrClient,
  family: ImageFamily,
  plan: SizePlan,
  images: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  for (const repository of range(0, plan.repositories)) {
    await client.call('CreateRepository', { repositoryName: repositoryName(repository) });
  }
  const digests = new Map<number, string>();
  for (const number of images) {
    const { tag, manifest } = family.image(number);
    const { image } = await client.call('PutImage', {
      repositoryName: repositoryName(Math.floor(number / plan.size)),
      imageManifest: manifest.toString('utf8'),
      imageTag: tag,
    });
    digests.set(number, image.imageId.imageDigest);
  }
  return digests;
}

async function ready(origin: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const status = await fetch(`${origin}/moto-api/`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(100);
  }
  throw new Error('moto_server did not begin to answer');
}
