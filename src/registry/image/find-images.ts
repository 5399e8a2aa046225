import type { StoredManifest } from '../../metadata/images.ts';
import { Fault } from '../../model/fault.ts';
import type { Reference } from '../../model/reference.ts';
import type { Ports } from '../ports.ts';
import { lookUpIn, type RepositoryPath } from '../repository/repository-path.ts';
import {
  type ImageFailure,
  type ImageIdentifier,
  identifierOf,
  isFailure,
  readIdentifiers,
} from './image-identifier.ts';
import type { PullRecorder } from './pull-recorder.ts';

/** An image under one of its names. */
export interface FoundImage {
  readonly imageId: ImageIdentifier;
  readonly manifest: StoredManifest;
  /** Whether the caller asked by tag. */
  readonly byTag: boolean;
}

/**
 * The manifests of the named images, as they were pushed: by tag one each, by digest one for every tag the image has
 * (fidelity facts, section 4.3). Counts as a pull.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function findImages(
  { metadata, pulls }: Pick<Ports, 'metadata'> & { readonly pulls: PullRecorder },
  path: RepositoryPath,
  imageIds: readonly ImageIdentifier[],
): Promise<{ readonly images: FoundImage[]; readonly failures: ImageFailure[] }> {
  const read = readIdentifiers(imageIds);
  const looked = await lookUpIn({ metadata }, path, (lookups) =>
    lookups.images(path, [...read.tags.map((tag) => ({ tag })), ...read.digests.map((digest) => ({ digest }))]),
  );
  const resolved = read.resolve(
    looked.flatMap(({ tag, image }) => (tag === undefined ? [] : [{ name: tag, image }])),
    looked.flatMap(({ tag, image }) => (tag === undefined ? [image] : [])),
  );
  const manifests = new Map(looked.map(({ image, manifest }) => [image.id, manifest]));
  const images = new Map<string, FoundImage>();
  for (const identifier of resolved) {
    if (isFailure(identifier)) continue;
    const { image, tag } = identifier;
    const manifest = manifests.get(image.id);
    if (!manifest) throw new Error(`The image ${image.digest} has no manifest`);
    const names = tag === undefined ? image.tags : [tag];
    for (const name of names.length > 0 ? names : [undefined]) {
      const imageId = identifierOf(image.digest, name);
      const key = `${image.digest} ${name ?? ''}`;
      if (!images.has(key)) images.set(key, { imageId, manifest, byTag: tag !== undefined });
    }
    pulls.note(image.id);
  }
  return { images: [...images.values()], failures: resolved.filter(isFailure) };
}

/**
 * The manifest of the image, and its digest. Whether it counts as a pull is the caller's to say: looking is not pulling.
 *
 * @throws Fault `RepositoryNotFound`, `ManifestUnknown`
 */
export async function getImage(
  { metadata, pulls }: Pick<Ports, 'metadata'> & { readonly pulls: PullRecorder },
  path: RepositoryPath,
  reference: Reference,
  { counts }: { readonly counts: boolean },
): Promise<StoredManifest & { readonly digest: string }> {
  const [found] = await lookUpIn({ metadata }, path, (lookups) => lookups.images(path, [reference]));
  if (!found) throw new Fault('ManifestUnknown', {});
  if (counts) pulls.note(found.image.id);
  return { ...found.manifest, digest: found.image.digest };
}
