import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageFamily } from './image.ts';

/**
 * Writes images as docker-registry lays them out on its file system driver; pushing them would wait for the disk some
 * thirty times an image. Answers the bytes of all blobs, manifests among them.
 */
export function seedDockerRegistry(
  root: string,
  repository: string,
  family: ImageFamily,
  numbers: readonly number[],
): number {
  const base = join(root, 'docker/registry/v2');
  const own = join(base, 'repositories', repository);
  let sum = 0;
  const link = (path: string, digest: string) => write(join(own, path, 'link'), Buffer.from(digest));
  const addBlob = (digest: string, bytes: Uint8Array) => {
    const hex = digest.slice('sha256:'.length);
    write(join(base, 'blobs/sha256', hex.slice(0, 2), hex, 'data'), bytes);
    sum += bytes.length;
    return hex;
  };
  const addLayer = ({ digest, bytes }: { readonly digest: string; readonly bytes: Uint8Array }) =>
    link(`_layers/sha256/${addBlob(digest, bytes)}`, digest);
  family.shared.forEach(addLayer);
  for (const number of numbers) {
    const image = family.image(number);
    image.own.forEach(addLayer);
    const hex = addBlob(image.digest, image.manifest);
    link(`_manifests/revisions/sha256/${hex}`, image.digest);
    link(`_manifests/tags/${image.tag}/current`, image.digest);
    link(`_manifests/tags/${image.tag}/index/sha256/${hex}`, image.digest);
  }
  return sum;
}

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
