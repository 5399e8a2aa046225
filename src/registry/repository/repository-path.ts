import type { Lookups } from '../../metadata/lookups.ts';
import type { MetadataStore, MetadataTransaction, MetadataView } from '../../metadata/metadata-store.ts';
import type { Repository } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import type { Registry } from '../../model/registry.ts';

/** Names a repository: which registry, and the name in it. */
export interface RepositoryPath {
  readonly registry: Registry;
  readonly repositoryName: string;
}

/** The path as faults and answers name it. */
export function namesOf({ registry, repositoryName }: RepositoryPath) {
  return { registryId: registry.id, repositoryName };
}

/**
 * The repository; within a transaction it is held, so that nothing in it changes but by this transaction.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function getRepository(
  view: Pick<MetadataView, 'repositories'>,
  path: RepositoryPath,
): Promise<Repository> {
  const repository = await view.repositories.find(path.registry, path.repositoryName);
  if (!repository) throw new Fault('RepositoryNotFound', namesOf(path));
  return repository;
}

/**
 * What is looked up in the repository, in one statement.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function lookUpIn<T>(
  { metadata }: { readonly metadata: Pick<MetadataStore, 'lookUp'> },
  path: RepositoryPath,
  look: (lookups: Lookups) => Promise<T | undefined>,
): Promise<T> {
  const found = await metadata.lookUp(look);
  if (found === undefined) throw new Fault('RepositoryNotFound', namesOf(path));
  return found;
}

/**
 * As `getRepository`, for what needs no more than that the repository is there: others change it meanwhile.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function useRepository(
  tx: Pick<MetadataTransaction, 'repositories'>,
  path: RepositoryPath,
): Promise<Repository> {
  const repository = await tx.repositories.find(path.registry, path.repositoryName, 'use');
  if (!repository) throw new Fault('RepositoryNotFound', namesOf(path));
  return repository;
}
