import type { ListedIdentifier } from '../../metadata/image-listings.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

/** Where a listing of identifiers goes on. */
export interface IdentifierKey {
  readonly digest: string;
  readonly position: number;
}

/**
 * A page of identifiers: every image once for each of its tags, or once without. In order of digest and, within an image,
 * of pushing.
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
  const { tagged, after = { digest: '', position: 0 }, limit } = selection;
  const rows = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return view.images.listIdentifiers(repository.id, { tagged, after, limit: limit + 1 });
  });
  return pageOf(rows, limit, ({ digest, position }) => ({ digest, position }));
}

/**
 * A page of tag names, in order of their bytes.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function listTags(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  { after = '', limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Page<string, string>> {
  const rows = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return limit === 0 ? [] : view.tags.list(repository.id, { after, limit: limit + 1 });
  });
  return pageOf(rows, limit, (name) => name);
}
