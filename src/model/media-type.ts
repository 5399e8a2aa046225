/** The manifest media types Berth stores, and what each one is. */
export const MANIFEST_MEDIA_TYPES = {
  'application/vnd.oci.image.manifest.v1+json': 'image',
  'application/vnd.docker.distribution.manifest.v2+json': 'image',
  'application/vnd.oci.image.index.v1+json': 'index',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'index',
} as const;

export type ManifestMediaType = keyof typeof MANIFEST_MEDIA_TYPES;
export type ManifestKind = (typeof MANIFEST_MEDIA_TYPES)[ManifestMediaType];

export const OCI_IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json' satisfies ManifestMediaType;
export const OCI_IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json' satisfies ManifestMediaType;
export const DOCKER_IMAGE_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json' satisfies ManifestMediaType;

export function isManifestMediaType(text: string): text is ManifestMediaType {
  return Object.hasOwn(MANIFEST_MEDIA_TYPES, text);
}

/** Whether this can be the type of a layer, a config or an artifact: 1 to 255 characters, without control characters. */
export function isMediaType(text: string): boolean {
  return text.length <= 255 && /^\P{Cc}+$/u.test(text);
}
