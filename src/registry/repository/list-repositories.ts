import type { Repository } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import type { Registry } from '../../model/registry.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';

/** A page of the registry's repositories, in order of name. `after` is the key of the page before. */
export async function listRepositories(
  { metadata }: Pick<Ports, 'metadata'>,
  registry: Registry,
  { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<Repository, string>> {
  const rows = await metadata.read((view) => view.repositories.list(registry, { after, limit: limit + 1 }));
  return pageOf(rows, limit, (repository) => repository.name);
}

/**
 * The named repositories, in the order they were asked for.
 *
 * @throws Fault `RepositoryNotFound` for the first that does not exist
 */
export async function getRepositories(
  { metadata }: Pick<Ports, 'metadata'>,
  registry: Registry,
  names: readonly string[],
): Promise<Repository[]> {
  return metadata.read(async (view) => {
    const found: Repository[] = [];
    for (const name of new Set(names)) {
      const repository = await view.repositories.find(registry, name);
      if (!repository) throw new Fault('RepositoryNotFound', { repositoryName: name, registryId: registry.id });
      found.push(repository);
    }
    return found;
  });
}
