import type { TaggedImage } from '../../metadata/image.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

/** How many images are read at once: each may have a thousand tags. */
const IMAGES_READ = 100;
/** How many tags that lead nowhere one page may pass over. */
const TAGS_READ = 10_000;

/** One identifier of a listing: an image under one of its tags, or without. */
export interface ListedIdentifier {
  readonly imageId: number;
  readonly digest: string;
  readonly tag: string | undefined;
  /** The tag's place among those of its image, from 1 on; 0 without. */
  readonly position: number;
}

/** Where a listing of identifiers goes on. */
export type IdentifierKey = Pick<ListedIdentifier, 'imageId' | 'tag' | 'position'>;

/**
 * A page of identifiers: every image once for each of its tags, or once without. The image pushed last comes first, its tags
 * in the order they were pushed. An image whose tags have changed between two pages that share it is listed anew, so that no
 * tag is missed.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function listImages(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  selection: {
    readonly tagged: boolean | undefined;
    readonly after: IdentifierKey | undefined;
    readonly limit: number;
  },
): Promise<Page<ListedIdentifier, IdentifierKey>> {
  const { tagged, after, limit } = selection;
  const rows = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return listIdentifiers(view, repository.id, { tagged, after, limit: limit + 1 });
  });
  return pageOf(rows, limit, ({ imageId, tag, position }) => ({ imageId, tag, position }));
}

async function listIdentifiers(
  view: Pick<MetadataView, 'images'>,
  repositoryId: number,
  page: { readonly tagged: boolean | undefined; readonly after: IdentifierKey | undefined; readonly limit: number },
): Promise<ListedIdentifier[]> {
  const { tagged, after, limit } = page;
  const listed: ListedIdentifier[] = [];
  // The image that the page before ended with may have more tags.
  for (let last = after && after.imageId + (after.position > 0 ? 1 : 0); listed.length < limit; ) {
    const images = await view.images.listTagged(repositoryId, { tagged, after: last, limit: IMAGES_READ });
    for (const image of images) listed.push(...identifiersOf(image).slice(listedBefore(image, after)));
    if (images.length < IMAGES_READ) break;
    last = images.at(-1)?.id ?? last;
  }
  return listed.slice(0, limit);
}

/** How many of its identifiers the page before had. */
function listedBefore({ id, tags }: TaggedImage, after: IdentifierKey | undefined): number {
  return after && id === after.imageId && tags[after.position - 1] === after.tag ? after.position : 0;
}

function identifiersOf({ id, digest, tags }: TaggedImage): ListedIdentifier[] {
  if (tags.length === 0) return [{ imageId: id, digest, tag: undefined, position: 0 }];
  return tags.map((tag, index) => ({ imageId: id, digest, tag, position: index + 1 }));
}

/**
 * A page of tag names, in order of their bytes. Tags that were deleted with many images and are not swept away yet are passed
 * over; a page that has to pass over very many of them may be short, and says where to go on.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function listTags(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  { after = '', limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Page<string, string>> {
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    const names: string[] = [];
    if (limit === 0) return { items: names, next: undefined };
    let last = after;
    for (let read = 0; read < TAGS_READ; ) {
      const page = await view.tags.listNames(repository.id, { after: last, limit: limit + 1 });
      names.push(...page.names);
      if (names.length > limit || page.read <= limit) return pageOf(names, limit, (name) => name);
      read += page.read;
      last = page.last ?? last;
    }
    return { items: names, next: last };
  });
}
