import type { EcrClient, SignedCall } from './ecr-client.ts';
import type { ImageFamily } from './image.ts';
import { range, repositoryName, type SizePlan } from './plan.ts';
import { type Timings, time } from './timings.ts';

export type Neighbour = 'ListImages' | 'DescribeImages' | 'PutImage' | 'BatchGetImage';

/** What the operations beside BatchDeleteImage take at this size, one call after the other, the first repository's images. */
export async function timeNeighbours(
  client: EcrClient,
  family: ImageFamily,
  plan: SizePlan,
  calls: number,
  attempt: number,
): Promise<Record<Neighbour, Timings>> {
  const name = { repositoryName: repositoryName(0) };
  const repeat = (make: (turn: number) => SignedCall) => range(0, calls).map(make);
  const sampled = (turn: number) => plan.sample[turn % plan.sample.length] ?? 0;
  const alone = (signed: readonly SignedCall[]) => time(signed, 1, (call) => client.send(call));
  return {
    ListImages: await alone(repeat(() => client.sign('ListImages', name))),
    DescribeImages: await timePages(client, name, calls),
    PutImage: await alone(
      repeat((turn) => {
        const { tag, manifest } = family.again(sampled(turn), attempt * calls + turn);
        return client.sign('PutImage', { ...name, imageTag: tag, imageManifest: manifest });
      }),
    ),
    BatchGetImage: await alone(
      repeat((turn) => {
        const imageIds = range(turn, 10).map((number) => ({ imageTag: family.image(sampled(number)).tag }));
        return client.sign('BatchGetImage', { ...name, imageIds });
      }),
    ),
  };
}

/** Page after page of 100, beginning again at the end. */
async function timePages(client: EcrClient, name: object, calls: number): Promise<Timings> {
  let nextToken: string | undefined;
  return time(range(0, calls), 1, async () => {
    const page = await client.call('DescribeImages', { ...name, maxResults: 100, nextToken });
    nextToken = page.nextToken;
  });
}
