import type { MetadataView } from '../../metadata/metadata-store.ts';
import type { Repository } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import type { Registry } from '../../model/registry.ts';

/** Names a repository: which registry, and the name in it. */
export interface RepositoryPath {
  readonly registry: Registry;
  readonly repositoryName: string;
}

/** @throws Fault `RepositoryNotFound` */
export async function getRepository(
  view: Pick<MetadataView, 'repositories'>,
  { registry, repositoryName }: RepositoryPath,
): Promise<Repository> {
  const repository = await view.repositories.find(registry, repositoryName);
  if (!repository) throw new Fault('RepositoryNotFound', { repositoryName, registryId: registry.id });
  return repository;
}
