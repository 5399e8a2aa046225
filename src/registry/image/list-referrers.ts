import type { Referrer } from '../../metadata/image-listings.ts';
import { isMediaType } from '../../model/media-type.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

/**
 * A page of the manifests that name `subject` as theirs, in order of digest. The subject itself need not exist.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function listReferrers(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  subject: string,
  selection: { readonly artifactTypes: readonly string[]; readonly after: string | undefined; readonly limit: number },
): Promise<Page<Referrer, string>> {
  const { after = '', limit } = selection;
  const artifactTypes = selection.artifactTypes.filter(isMediaType);
  const rows = await metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    // Nothing is of a type that is none.
    if (artifactTypes.length === 0 && selection.artifactTypes.length > 0) return [];
    return view.images.listReferrers(repository.id, subject, { artifactTypes, after, limit: limit + 1 });
  });
  return pageOf(rows, limit, (referrer) => referrer.digest);
}
