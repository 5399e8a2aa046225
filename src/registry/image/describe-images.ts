import type { Image } from '../../metadata/image.ts';
import { Fault } from '../../model/fault.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from '../repository/repository-path.ts';
import { type ImageIdentifier, isFailure, resolveIdentifiers } from './image-identifier.ts';

export interface ImageSelection {
  /** Only images with tags, only those without, or either. */
  readonly tagged: boolean | undefined;
  /** The id of the last image of the page before. */
  readonly after: number | undefined;
  readonly limit: number;
}

/**
 * A page of the repository's images, the last pushed first.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function describeImages(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  { tagged, after, limit }: ImageSelection,
): Promise<Page<Image, number>> {
  const rows = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return view.images.list(repository.id, { tagged, after, limit: limit + 1 });
  });
  return pageOf(rows, limit, (image) => image.id);
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
): Promise<Image[]> {
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
    return [...digests].flatMap((digest) => images.get(digest) ?? []);
  });
}
