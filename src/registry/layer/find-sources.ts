import type { Registry } from '../../model/registry.ts';
import type { Ports } from '../ports.ts';
import type { RepositoryPath } from '../repository/repository-path.ts';

/**
 * How many links to a blob are looked at for somebody who does not say where to mount it from. A base layer may have a
 * hundred thousand; whoever may pull from none of these uploads.
 */
export const MAX_SOURCES = 20;

/**
 * Some repositories of the registry that see the blob. Candidates: whether the client may read any of them is another
 * question.
 */
export async function findSources(
  { metadata }: Pick<Ports, 'metadata'>,
  registry: Registry,
  digest: string,
): Promise<RepositoryPath[]> {
  const names = await metadata.read(async (view) => {
    const registryKey = await view.repositories.findRegistry(registry);
    return registryKey === undefined ? [] : view.links.listSeers(registryKey, digest, MAX_SOURCES);
  });
  return names.map((repositoryName) => ({ registry, repositoryName }));
}
