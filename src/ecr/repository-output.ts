import type { Repository } from '../metadata/repositories.ts';
import { repositoryArn } from '../model/arn.ts';
import type { TagMutability } from '../model/tag-mutability.ts';
import type { Call } from './operation.ts';
import { repositoryUri } from './registry-origin.ts';

/** A repository as CreateRepository and DescribeRepositories show it. */
export function describeRepository(repository: Repository, call: Call) {
  const { type, kmsKey } = repository.encryption;
  return {
    ...summarizeRepository(repository, call),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: type, kmsKey },
  };
}

/** As DeleteRepository shows it: without encryption and scanning (fidelity facts, section 4.2). */
export function summarizeRepository(repository: Repository, call: Call) {
  const { registry, name } = repository;
  return {
    registryId: registry.id,
    repositoryName: name,
    repositoryArn: repositoryArn(registry, name),
    repositoryUri: repositoryUri(registry, name, call),
    createdAt: new Date(repository.createdAt),
    ...describeTagMutability(repository.tagMutability),
  };
}

export function describeTagMutability({ mode, exclusionFilters }: TagMutability) {
  return {
    imageTagMutability: mode,
    imageTagMutabilityExclusionFilters:
      exclusionFilters.length === 0
        ? undefined
        : exclusionFilters.map((filter) => ({ filterType: 'WILDCARD' as const, filter })),
  };
}
