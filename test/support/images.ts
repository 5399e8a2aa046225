import { gzipSync } from 'node:zlib';
import { type Digest, digestOf } from '../../src/model/digest.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import {
  DOCKER_IMAGE_MANIFEST,
  type ManifestMediaType,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/model/media-type.ts';
import { parseRepositoryName } from '../../src/model/repository-name.ts';
import { parseTag, type Tag } from '../../src/model/tag.ts';
import { type PushedImage, putImage } from '../../src/registry/image/put-image.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { beginUpload } from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../src/registry/repository/create-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';

export const REGISTRY = { id: '000000000000', region: 'us-east-1' };

export interface Blob {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A manifest as bytes, with the blobs that have to be there before it. */
export interface BuiltManifest {
  readonly digest: Digest;
  readonly mediaType: ManifestMediaType;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Blob[];
  /** What an index lists; pushed before it. */
  readonly children: readonly BuiltManifest[];
}

export interface ManifestExtras {
  readonly mediaType?: ManifestMediaType;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: BuiltManifest;
}

export function blobOf(content: string | Uint8Array): Blob {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { digest: digestOf(bytes), bytes };
}

/** A layer that tools can unpack: a gzipped tar with one file. The same content makes the same layer. */
export function layerOf(content: string): Blob {
  return blobOf(gzipSync(tarOf('content.txt', Buffer.from(content))));
}

/** An image that is like no other of another name: a config and as many layers as named. */
export function buildImage(
  name: string,
  {
    layers = [layerOf(`layer of ${name}`)],
    mediaType = OCI_IMAGE_MANIFEST,
    ...extras
  }: ManifestExtras & { readonly layers?: readonly Blob[] } = {},
): BuiltManifest {
  const docker = mediaType === DOCKER_IMAGE_MANIFEST;
  const config = blobOf(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { name } },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    }),
  );
  const configType = docker
    ? 'application/vnd.docker.container.image.v1+json'
    : 'application/vnd.oci.image.config.v1+json';
  const layerType = docker
    ? 'application/vnd.docker.image.rootfs.diff.tar.gzip'
    : 'application/vnd.oci.image.layer.v1.tar+gzip';
  const bytes = encode(mediaType, extras, {
    config: descriptorOf(configType, config),
    layers: layers.map((layer) => descriptorOf(layerType, layer)),
  });
  return { digest: digestOf(bytes), mediaType, bytes, blobs: [config, ...layers], children: [] };
}

export function buildIndex(
  children: readonly BuiltManifest[],
  { mediaType = OCI_IMAGE_INDEX, ...extras }: ManifestExtras = {},
): BuiltManifest {
  const bytes = encode(mediaType, extras, {
    manifests: children.map((child) => descriptorOf(child.mediaType, child)),
  });
  return { digest: digestOf(bytes), mediaType, bytes, blobs: [], children };
}

function encode(mediaType: string, extras: Omit<ManifestExtras, 'mediaType'>, parts: object): Uint8Array {
  const { subject, ...rest } = extras;
  const document = {
    schemaVersion: 2,
    mediaType,
    ...rest,
    ...parts,
    ...(subject && { subject: descriptorOf(subject.mediaType, subject) }),
  };
  return Buffer.from(JSON.stringify(document));
}

export function descriptorOf(mediaType: string, { digest, bytes }: Blob) {
  return { mediaType, digest, size: bytes.byteLength };
}

/** Makes a repository with ECR's defaults and answers its path. */
export async function makeRepository(
  ports: Pick<Ports, 'metadata' | 'clock'>,
  name: string,
  registry = REGISTRY,
): Promise<RepositoryPath> {
  const repositoryName = parseRepositoryName(name);
  if (!repositoryName) throw new Error(`Not a repository name: ${name}`);
  const path = { registry, repositoryName };
  await createRepository(ports, path, DEFAULT_SETTINGS);
  return path;
}

/** Uploads bytes as a client would, in one chunk. */
export async function pushBlob(ports: Ports, path: RepositoryPath, blob: Blob): Promise<void> {
  const upload = { ...path, uploadId: await beginUpload(ports, path) };
  await appendToUpload(ports, upload, { bytes: chunksOf(blob.bytes), first: 0, length: blob.bytes.byteLength });
  await completeUpload(ports, upload, blob.digest);
}

/** Pushes blobs, then children, then the manifest, as docker does. */
export async function pushImage(
  ports: Ports,
  path: RepositoryPath,
  image: BuiltManifest,
  ...tags: readonly string[]
): Promise<void> {
  for (const blob of image.blobs) await pushBlob(ports, path, blob);
  for (const child of image.children) await pushImage(ports, path, child);
  for (const tag of tags.length > 0 ? tags : [undefined]) await putManifest(ports, path, image, tag);
}

/** Puts the manifest alone; what it names must be there. */
export async function putManifest(
  ports: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
  image: BuiltManifest,
  tag?: string,
  onMissing: PushedImage['onMissing'] = 'refuse',
): Promise<Manifest> {
  return putImage(ports, path, {
    manifest: image.bytes,
    mediaType: image.mediaType,
    tags: tag === undefined ? [] : [tagOf(tag)],
    digest: undefined,
    onRepeat: 'accept',
    onMissing,
  });
}

export function tagOf(text: string): Tag {
  const tag = parseTag(text);
  if (!tag) throw new Error(`Not a tag: ${text}`);
  return tag;
}

export async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** A tar archive with one regular file (POSIX.1-1988 header). */
function tarOf(name: string, content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.byteLength, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.byteLength % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}
