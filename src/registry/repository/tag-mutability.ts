import type { Repository } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import type { TagMutability } from '../../model/tag-mutability.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from './repository-path.ts';

const MAX_WILDCARDS = 2;

/** Sets whether tags may move from now on; tags that have moved stay where they are. */
export async function putTagMutability(
  { metadata }: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  tagMutability: TagMutability,
): Promise<Repository> {
  checkTagMutability(tagMutability);
  return metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    await tx.repositories.putTagMutability(repository.id, tagMutability);
    return { ...repository, tagMutability };
  });
}

/**
 * Filters come with the two modes that have exclusions, and only with them (fidelity facts, sections 2.2 and 6.1).
 *
 * @throws Fault `InvalidParameter`
 */
export function checkTagMutability({ mode, exclusionFilters }: TagMutability): void {
  const excluding = mode === 'MUTABLE_WITH_EXCLUSION' || mode === 'IMMUTABLE_WITH_EXCLUSION';
  if (excluding && exclusionFilters.length === 0) {
    throw refusal(`ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${mode}`);
  }
  if (!excluding && exclusionFilters.length > 0) {
    throw refusal(`ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as ${mode}`);
  }
  for (const filter of exclusionFilters) {
    if (filter.split('*').length - 1 > MAX_WILDCARDS) {
      throw refusal(`The filter '${filter}' has more than ${MAX_WILDCARDS} wildcards`);
    }
  }
}

function refusal(constraint: string): Fault {
  return new Fault('InvalidParameter', { parameter: 'imageTagMutabilityExclusionFilters', constraint });
}
