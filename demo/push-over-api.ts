import type { ECR } from '@aws-sdk/client-ecr';
import { MANIFEST_TYPE, type Part, type RealImage, read } from './real-image.ts';

/** Pushes through ECR's own operations, in parts of the size that it announces, and tags in the given order. */
export async function pushOverApi(
  ecr: ECR,
  image: RealImage,
  { repository, tags }: { readonly repository: string; readonly tags: readonly string[] },
): Promise<void> {
  for (const part of [image.config, ...image.layers]) await pushLayer(ecr, repository, part);
  for (const imageTag of tags) {
    await ecr.putImage({
      repositoryName: repository,
      imageManifest: image.manifest.toString('utf8'),
      imageManifestMediaType: MANIFEST_TYPE,
      imageTag,
    });
  }
}

async function pushLayer(ecr: ECR, repositoryName: string, part: Part): Promise<void> {
  const { uploadId, partSize = 0 } = await ecr.initiateLayerUpload({ repositoryName });
  for (let first = 0; first < part.size; first += partSize) {
    const last = Math.min(first + partSize, part.size) - 1;
    await ecr.uploadLayerPart({
      repositoryName,
      uploadId,
      partFirstByte: first,
      partLastByte: last,
      layerPartBlob: Buffer.concat(await read(part, { start: first, end: last }).toArray()),
    });
  }
  await ecr.completeLayerUpload({ repositoryName, uploadId, layerDigests: [part.digest] });
}
