import type { BuiltManifest } from '../../support/images.ts';
import { blobsOf } from './platform-images.ts';
import type { Setup } from './setup.ts';

/** Puts the image where a client shall find it, by plain requests of our own, under each of the tags. */
export async function seed(setup: Setup, repository: string, image: BuiltManifest, ...tags: string[]): Promise<void> {
  for (const { digest, bytes } of blobsOf(image)) {
    await send(setup, 'POST', `${repository}/blobs/uploads/?digest=${digest}`, bytes);
  }
  for (const child of image.children) await putManifest(setup, repository, child, child.digest);
  for (const tag of tags) await putManifest(setup, repository, image, tag);
}

async function putManifest(setup: Setup, repository: string, { bytes, mediaType }: BuiltManifest, reference: string) {
  await send(setup, 'PUT', `${repository}/manifests/${reference}`, bytes, { 'content-type': mediaType });
}

async function send(
  { berth, password }: Setup,
  method: string,
  path: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<void> {
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  const answer = await fetch(`${berth.origin}/v2/${path}`, {
    method,
    headers: { ...headers, authorization },
    body: Buffer.from(body),
  });
  if (answer.status !== 201) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
}
