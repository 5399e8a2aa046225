import type { ImageWithManifest, StoredManifest } from '../../metadata/images.ts';
import { Fault } from '../../model/fault.ts';
import type { Reference } from '../../model/reference.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import {
  type ImageFailure,
  type ImageIdentifier,
  identifierOf,
  isFailure,
  resolveIdentifiers,
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
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    const resolved = await resolveIdentifiers(view, repository.id, imageIds);
    const named = resolved.flatMap((identifier) => (isFailure(identifier) ? [] : [identifier]));
    const manifests = await view.images.manifestsOf([...new Set(named.map(({ image }) => image.id))]);
    const images = new Map<string, FoundImage>();
    for (const { image, tag } of named) {
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
  });
}

/**
 * The image with its manifest. Whether it counts as a pull is the caller's to say: looking is not pulling.
 *
 * @throws Fault `RepositoryNotFound`, `ManifestUnknown`
 */
export async function getImage(
  { metadata, pulls }: Pick<Ports, 'metadata'> & { readonly pulls: PullRecorder },
  path: RepositoryPath,
  reference: Reference,
  { counts }: { readonly counts: boolean },
): Promise<ImageWithManifest> {
  const image = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return view.images.find(repository.id, reference);
  });
  if (!image) throw new Fault('ManifestUnknown', {});
  if (counts) pulls.note(image.id);
  return image;
}
