import type { Image } from '../../metadata/image.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { Fault } from '../../model/fault.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from '../repository/repository-path.ts';
import { type ImageIdentifier, isFailure, resolveIdentifiers } from './image-identifier.ts';

export interface DescribedImage extends Image {
  /** In the order they were pushed. */
  readonly tags: readonly string[];
}

export interface ImageSelection {
  /** Only images with tags, only those without, or either. */
  readonly tagged: boolean | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/**
 * A page of the repository's images, in order of digest. `after` is the key of the page before.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function describeImages(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  { tagged, after = '', limit }: ImageSelection,
): Promise<Page<DescribedImage, string>> {
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    const rows = await view.images.list(repository.id, { tagged, after, limit: limit + 1 });
    const page = pageOf(rows, limit, (image) => image.digest);
    return { items: await withTags(view, repository.id, page.items), next: page.next };
  });
}

/**
 * The named images, each once, in the order they were asked for.
 *
 * @throws Fault `RepositoryNotFound`; `ImageNotFound` or `InvalidParameter` for the first identifier that names none
 */
export async function describeNamedImages(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  imageIds: readonly ImageIdentifier[],
): Promise<DescribedImage[]> {
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    const digests = new Set<string>();
    for (const identifier of await resolveIdentifiers(view, repository.id, imageIds)) {
      if (!isFailure(identifier)) {
        digests.add(identifier.image.digest);
      } else if (identifier.code === 'ImageNotFound') {
        throw new Fault('ImageNotFound', {
          ...identifier.imageId,
          ...namesOf(path),
        });
      } else {
        throw new Fault('MalformedIdentifier', { reason: identifier.reason });
      }
    }
    const images = new Map(
      (await view.images.findAll(repository.id, [...digests])).map((image) => [image.digest, image]),
    );
    return withTags(
      view,
      repository.id,
      [...digests].flatMap((digest) => images.get(digest) ?? []),
    );
  });
}

async function withTags(view: MetadataView, repositoryId: number, images: readonly Image[]): Promise<DescribedImage[]> {
  const tags = await view.tags.ofImages(
    repositoryId,
    images.map((image) => image.digest),
  );
  return images.map((image) => ({ ...image, tags: tags.get(image.digest) ?? [] }));
}
