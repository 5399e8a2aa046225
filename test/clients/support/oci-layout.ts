import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Blob, BuiltManifest } from '../../support/images.ts';
import { blobsOf } from './platform-images.ts';

/** Writes an image or an index as an OCI image layout, the form in which many clients take images from a folder. */
export async function writeOciLayout(folder: string, image: BuiltManifest, tag: string): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const { digest, bytes } of contentOf(image)) await writeFile(fileOf(folder, digest), bytes);
  const descriptor = {
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.bytes.byteLength,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

/** Expects that a client has written the whole image there, byte for byte, and named it in the layout's index. */
export async function expectOciLayout(folder: string, image: BuiltManifest): Promise<void> {
  const { manifests } = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  expect(manifests).toContainEqual(expect.objectContaining({ digest: image.digest, size: image.bytes.byteLength }));
  for (const { digest, bytes } of contentOf(image)) {
    expect(await readFile(fileOf(folder, digest)), digest).toEqual(Buffer.from(bytes));
  }
}

function contentOf(image: BuiltManifest): Blob[] {
  return [...blobsOf(image), ...image.children, image];
}

function fileOf(folder: string, digest: string): string {
  return join(folder, 'blobs', digest.replace(':', '/'));
}
