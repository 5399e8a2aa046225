import { ECR } from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { buildImage } from './images.ts';

/** A client of a server, which tries once. */
export function clientOf({ origin }: { readonly origin: string }): ECR {
  return new ECR({
    endpoint: origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
}

/** Pushes an image to a new repository, all by the JSON API: one of the repository's own, unless it is given. */
export async function push(ecr: ECR, repositoryName: string, image = buildImage(repositoryName)): Promise<void> {
  await ecr.createRepository({ repositoryName });
  for (const { digest, bytes } of image.blobs) {
    const { uploadId } = await ecr.initiateLayerUpload({ repositoryName });
    const partLastByte = bytes.byteLength - 1;
    await ecr.uploadLayerPart({ repositoryName, uploadId, partFirstByte: 0, partLastByte, layerPartBlob: bytes });
    await ecr.completeLayerUpload({ repositoryName, uploadId, layerDigests: [digest] });
  }
  await ecr.putImage({ repositoryName, imageManifest: Buffer.from(image.bytes).toString('utf8'), imageTag: 'v1' });
}

/** Sees that everything of it is there, byte for byte, as a docker client reads it. */
export async function expectPullable(berth: { readonly origin: string }, repositoryName: string): Promise<void> {
  const image = buildImage(repositoryName);
  const { authorizationData: [token] = [] } = await clientOf(berth).getAuthorizationToken({});
  const headers = { authorization: `Basic ${token?.authorizationToken}` };
  const manifest = await fetch(`${berth.origin}/v2/${repositoryName}/manifests/v1`, { headers });
  expect(await manifest.text()).toBe(Buffer.from(image.bytes).toString('utf8'));
  for (const { digest, bytes } of image.blobs) {
    const answer = await fetch(`${berth.origin}/v2/${repositoryName}/blobs/${digest}`, { headers });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes));
  }
}
