import { hash } from 'node:crypto';
import { MANIFEST_TYPE } from '../images.ts';

export const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const LAYER_BYTES = 1024;
const SHARED_LAYERS = 2;
const OWN_LAYERS = 8;

export interface LayeredBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image of 10 layers, two of them in every image of the family. */
export interface LayeredImage {
  readonly tag: string;
  readonly digest: string;
  readonly manifest: Buffer;
  /** Its config and its own layers. */
  readonly own: readonly LayeredBlob[];
}

/** Images made from a name and a number, the same each time, so that a million of them need not be kept in memory. */
export class ImageFamily {
  readonly shared: readonly LayeredBlob[];
  readonly #name: string;

  /** Shares the layers of another family where they are given. */
  constructor(name: string, shared?: readonly LayeredBlob[]) {
    this.#name = name;
    this.shared = shared ?? Array.from({ length: SHARED_LAYERS }, (_, layer) => layerOf(`${name} shared ${layer}`));
  }

  image(number: number): LayeredImage {
    const config = blobOf(
      CONFIG_TYPE,
      Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', author: `${this.#name} ${number}` })),
    );
    const layers = Array.from({ length: OWN_LAYERS }, (_, layer) => layerOf(`${this.#name} ${number} ${layer}`));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        config: descriptorOf(config),
        layers: [...this.shared, ...layers].map(descriptorOf),
      }),
    );
    return {
      tag: `build-${hash('sha256', `${this.#name} tag ${number}`).slice(0, 12)}`,
      digest: `sha256:${hash('sha256', manifest)}`,
      manifest,
      own: [config, ...layers],
    };
  }

  /** The same layers and config under another manifest. */
  again(number: number, again: number): { readonly tag: string; readonly manifest: string } {
    const manifest = JSON.parse(this.image(number).manifest.toString('utf8'));
    return {
      tag: `again-${number}-${again}`,
      manifest: JSON.stringify({ ...manifest, annotations: { again: String(again) } }),
    };
  }
}

function layerOf(content: string): LayeredBlob {
  return blobOf(LAYER_TYPE, Buffer.alloc(LAYER_BYTES, `${content}\n`));
}

function blobOf(mediaType: string, bytes: Buffer): LayeredBlob {
  return { mediaType, bytes, digest: `sha256:${hash('sha256', bytes)}` };
}

function descriptorOf({ mediaType, digest, bytes }: LayeredBlob) {
  return { mediaType, digest, size: bytes.length };
}
