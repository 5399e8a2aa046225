import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../../src/model/digest.ts';
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../../src/model/media-type.ts';
import { type Blob, type BuiltManifest, blobOf, descriptorOf, layerOf } from '../../support/images.ts';

/** Of both images below. */
export const LAYER = layerOf('the files of an image');
export const AMD64 = buildImageFor('amd64');
export const ARM64 = buildImageFor('arm64');

/**
 * An index of two images, one a platform, that tools with a storage of their own take: its configurations say what is in
 * the layer once it is unpacked. There are three blobs in all.
 */
export const INDEX = manifestOf(
  OCI_IMAGE_INDEX,
  {
    manifests: [
      { ...descriptorOf(AMD64.mediaType, AMD64), platform: { architecture: 'amd64', os: 'linux' } },
      { ...descriptorOf(ARM64.mediaType, ARM64), platform: { architecture: 'arm64', os: 'linux' } },
    ],
  },
  [],
  [AMD64, ARM64],
);

/** Each blob that the image or its children name, once. */
export function blobsOf({ blobs, children }: BuiltManifest): Blob[] {
  const all = [...blobs, ...children.flatMap(blobsOf)];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

function buildImageFor(architecture: string): BuiltManifest {
  const config = blobOf(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(LAYER.bytes))] },
    }),
  );
  const parts = {
    config: descriptorOf('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', LAYER)],
  };
  return manifestOf(OCI_IMAGE_MANIFEST, parts, [config, LAYER], []);
}

function manifestOf(
  mediaType: BuiltManifest['mediaType'],
  parts: object,
  blobs: readonly Blob[],
  children: readonly BuiltManifest[],
): BuiltManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...parts }));
  return { digest: digestOf(bytes), mediaType, bytes, blobs, children };
}
