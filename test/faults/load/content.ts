import { createHash } from 'node:crypto';
import type { Dice } from './dice.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image, an index or a referrer: a manifest, and what has to be there before it. */
export interface Content {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly blobs: readonly Blob[];
  /** What an index lists. */
  readonly children: readonly Content[];
  /** The digest of what it refers to. */
  readonly subject: string | undefined;
}

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const EMPTY = 'application/vnd.oci.empty.v1+json';

/** Layers that images of all repositories are built on: what one deletes, another is about to name. */
export function baseLayers(dice: Dice, count: number): Blob[] {
  return Array.from({ length: count }, (_, number) => blobOf(dice.bytes(number === 0 ? 200_000 : 500 + number * 700)));
}

/** An image of a config of its own, base layers, and layers that nobody else has. */
export function makeImage(dice: Dice, bases: readonly Blob[]): Content {
  const config = blobOf(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', id: dice.hex(16) })));
  const own = Array.from({ length: dice.below(3) }, () => blobOf(dice.bytes(100 + dice.below(4000))));
  const layers = [...dice.some(bases, 1 + dice.below(3)), ...own];
  return imageOf({ config, layers });
}

/** Images of the same bytes that differ in what their manifests say: many manifests for few blobs. */
export function makeCrowd(dice: Dice, bases: readonly Blob[], count: number): Content[] {
  const config = blobOf(Buffer.from(JSON.stringify({ architecture: 'arm64', os: 'linux', id: dice.hex(16) })));
  const layers = dice.some(bases, 2);
  return Array.from({ length: count }, (_, number) => imageOf({ config, layers, note: `${dice.hex(8)}-${number}` }));
}

export function makeIndex(dice: Dice, bases: readonly Blob[]): Content {
  return indexOf([makeImage(dice, bases), makeImage(dice, bases)]);
}

export function indexOf(children: readonly Content[]): Content {
  const manifests = children.map((child, position) => ({
    mediaType: child.mediaType,
    digest: child.digest,
    size: child.bytes.byteLength,
    platform: { architecture: position === 0 ? 'amd64' : 'arm64', os: 'linux' },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  return { digest: digestOf(bytes), mediaType: INDEX, bytes, blobs: [], children, subject: undefined };
}

/** What a signature or a bill of materials looks like to a registry. */
export function makeReferrer(dice: Dice, subject: Content): Content {
  return imageOf({ config: blobOf(Buffer.from('{}')), layers: [blobOf(dice.bytes(50 + dice.below(500)))], subject });
}

export interface Parts {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly subject?: Content;
  readonly note?: string;
}

/** The image that is made of exactly these. */
export function imageOf({ config, layers, subject, note }: Parts): Content {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      ...(subject && { artifactType: 'application/vnd.example.signature' }),
      config: descriptorOf(config, subject ? EMPTY : CONFIG),
      layers: layers.map((layer) => descriptorOf(layer, LAYER)),
      ...(subject && {
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.byteLength },
      }),
      ...(note !== undefined && { annotations: { note } }),
    }),
  );
  const blobs = [config, ...layers];
  return { digest: digestOf(bytes), mediaType: IMAGE, bytes, blobs, children: [], subject: subject?.digest };
}

function descriptorOf({ digest, bytes }: Blob, mediaType: string) {
  return { mediaType, digest, size: bytes.byteLength };
}

export function blobOf(bytes: Buffer): Blob {
  return { digest: digestOf(bytes), bytes };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
