import type { EcrClient, SignedCall } from './ecr-client.ts';
import { batchesOf, repositoryName, type SizePlan } from './plan.ts';
import { type Timed, time } from './timings.ts';

export interface Deletions extends Omit<Timed<unknown>, 'answers'> {
  readonly images: number;
  readonly imagesASecond: number;
  /** Images that a call named, that were there and that it did not delete. */
  readonly failed: number;
}

/** Calls of BatchDeleteImage that delete these images by digest, 100 a call, signed beforehand. */
export function deletionsOf(
  client: EcrClient,
  plan: SizePlan,
  images: readonly number[],
  digestOf: (image: number) => string,
): SignedCall[] {
  return batchesOf(plan, images).map((batch) =>
    client.sign('BatchDeleteImage', {
      repositoryName: repositoryName(Math.floor((batch[0] ?? 0) / plan.size)),
      imageIds: batch.map((image) => ({ imageDigest: digestOf(image) })),
    }),
  );
}

/** Sends them. What they answer is read afterwards, off the clock. */
export async function deleteImages(
  client: EcrClient,
  calls: readonly SignedCall[],
  clients: number,
  until?: () => boolean,
): Promise<Deletions> {
  const { answers, ...timed } = await time(calls, clients, (call) => client.send(call), until);
  let images = 0;
  let failed = 0;
  for (const answer of answers) {
    const { imageIds, failures } = JSON.parse(answer.toString('utf8'));
    images += imageIds.length;
    failed += failures.length;
  }
  return { ...timed, images, imagesASecond: images / timed.seconds, failed };
}
