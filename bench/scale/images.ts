import { createHash, randomBytes } from 'node:crypto';
import { MANIFEST_TYPE } from '../images.ts';
import type { PulledImage } from './work.ts';

/** So many repositories share the images: work on one of them does not wait for work on another. */
export const REPOSITORIES = 8;
/** Of a config and of each layer. */
const BYTES = 4096;
const LAYERS = 2;

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface ScaleImage extends PulledImage {
  readonly digest: string;
  readonly manifest: string;
}

/** What one round pushes: configs, each of two images, and two layers that all images of a repository share. */
export class Content {
  readonly repositories: readonly string[];
  readonly layers: readonly Blob[] = Array.from({ length: LAYERS }, makeBlob);
  readonly configs: readonly Blob[];

  constructor(name: string, configs: number) {
    this.repositories = Array.from({ length: REPOSITORIES }, (_, number) => `${name}/repository-${number}`);
    this.configs = Array.from({ length: configs }, makeBlob);
  }

  repositoryOf(config: number): string {
    return this.repositories[config % REPOSITORIES] ?? '';
  }

  images(): ScaleImage[] {
    return this.configs.flatMap((config, number) =>
      ['one', 'other'].map((which) => {
        const blobs = [config, ...this.layers].map(({ digest, bytes }) => ({ digest, size: bytes.byteLength }));
        const [first, ...layers] = blobs.map((blob, position) => ({ mediaType: typeOf(position), ...blob }));
        const annotations = { which };
        const document = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: first, layers, annotations };
        const manifest = JSON.stringify(document);
        return {
          repository: this.repositoryOf(number),
          tag: `${which}-${number}`,
          digest: digestOf(manifest),
          manifest,
          blobs,
        };
      }),
    );
  }
}

function typeOf(position: number): string {
  return `application/vnd.oci.image.${position === 0 ? 'config.v1+json' : 'layer.v1.tar'}`;
}

function makeBlob(): Blob {
  const bytes = randomBytes(BYTES);
  return { bytes, digest: digestOf(bytes) };
}

function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
