import type { StoredManifest } from '../../metadata/images.ts';
import { DOCKER_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST } from '../../model/media-type.ts';

const DOCKER_TO_OCI = new Map([
  [DOCKER_IMAGE_MANIFEST as string, OCI_IMAGE_MANIFEST as string],
  ['application/vnd.docker.container.image.v1+json', 'application/vnd.oci.image.config.v1+json'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'application/vnd.oci.image.layer.v1.tar'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
]);
const OCI_TO_DOCKER = new Map([...DOCKER_TO_OCI].map(([docker, oci]) => [oci, docker]));

/**
 * The manifest in a media type that the caller accepts, converted between docker's schema 2 and OCI if it can be. One that
 * is accepted as it is, or cannot be converted without loss, comes back as it was pushed.
 */
export function convertManifest(stored: StoredManifest, accepted: readonly string[]): StoredManifest {
  if (accepted.length === 0 || accepted.includes(stored.mediaType)) return stored;
  const names = [DOCKER_TO_OCI, OCI_TO_DOCKER].find((map) => accepted.includes(map.get(stored.mediaType) ?? ''));
  if (!names) return stored;
  const manifest = JSON.parse(Buffer.from(stored.bytes).toString('utf8')) as RawManifest;
  const mediaType = names.get(stored.mediaType);
  const parts = [manifest.config, ...manifest.layers];
  if (mediaType === undefined || !parts.every((part) => names.has(part.mediaType))) return stored;
  const rename = (part: RawPart): RawPart => ({ ...part, mediaType: names.get(part.mediaType) ?? part.mediaType });
  const converted = { ...manifest, mediaType, config: rename(manifest.config), layers: manifest.layers.map(rename) };
  return { mediaType, bytes: Buffer.from(JSON.stringify(converted)) };
}

interface RawManifest {
  readonly config: RawPart;
  readonly layers: readonly RawPart[];
}

interface RawPart {
  readonly mediaType: string;
}
