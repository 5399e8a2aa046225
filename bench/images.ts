import { createHash, randomBytes } from 'node:crypto';

export interface BenchImage {
  readonly tag: string;
  readonly digest: string;
  readonly blobs: readonly { readonly digest: string; readonly bytes: Buffer }[];
  readonly manifest: Buffer;
}

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const LAYER_BYTES = 4096;

/** Small images of a config and two layers, no byte of them shared: what is measured is the registry, not the disk. */
export function makeImages(count: number): BenchImage[] {
  return Array.from({ length: count }, (_, number) => {
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', id: randomBytes(16).toString('hex') }),
    );
    const blobs = [config, randomBytes(LAYER_BYTES), randomBytes(LAYER_BYTES)].map((bytes) => ({
      bytes,
      digest: sha256(bytes),
    }));
    const descriptors = blobs.map(({ digest, bytes }, position) => ({
      mediaType: `application/vnd.oci.image.${position === 0 ? 'config.v1+json' : 'layer.v1.tar'}`,
      digest,
      size: bytes.length,
    }));
    const [first, ...layers] = descriptors;
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: first, layers }));
    return { tag: `v${number}`, digest: sha256(manifest), blobs, manifest };
  });
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
