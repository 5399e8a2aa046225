import type { ECR } from '@aws-sdk/client-ecr';

/** What an index lists, as BatchGetImage gives it: digests by architecture. */
export async function platformsIn(ecr: ECR, repositoryName: string, tag: string): Promise<Record<string, string>> {
  const { images: [image] = [] } = await ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: tag }] });
  const { manifests } = JSON.parse(image?.imageManifest ?? '');
  return Object.fromEntries(
    manifests.map((entry: { platform: { architecture: string }; digest: string }) => [
      entry.platform.architecture,
      entry.digest,
    ]),
  );
}
