import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltManifest } from '../../support/images.ts';

/** Writes an image or an index as an OCI image layout, the form in which skopeo and others take images from a folder. */
export async function writeOciLayout(folder: string, image: BuiltManifest, tag: string): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeContent(folder, image);
  const descriptor = {
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.bytes.byteLength,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

async function writeContent(folder: string, image: BuiltManifest): Promise<void> {
  for (const blob of [...image.blobs, image]) {
    await writeFile(join(folder, 'blobs', blob.digest.replace(':', '/')), blob.bytes);
  }
  for (const child of image.children) await writeContent(folder, child);
}
