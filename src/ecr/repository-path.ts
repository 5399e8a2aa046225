import type { Registry } from '../model/registry.ts';
import type { RepositoryPath } from '../registry/repository/repository-path.ts';
import type { Call } from './operation.ts';

/** The registry an input names: its `registryId`, else the caller's own; always in the region of the request. */
export function registryOf(input: { readonly registryId?: string | undefined }, call: Call): Registry {
  return { id: input.registryId ?? call.registry.id, region: call.registry.region };
}

export function pathOf(
  input: { readonly registryId?: string | undefined; readonly repositoryName: string },
  call: Call,
): RepositoryPath {
  return { registry: registryOf(input, call), repositoryName: input.repositoryName };
}

/** The two members that most answers begin with. */
export function namesOf({ registry, repositoryName }: RepositoryPath) {
  return { registryId: registry.id, repositoryName };
}
