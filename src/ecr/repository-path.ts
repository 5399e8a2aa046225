import { parseRepositoryArn, repositoryArn } from '../model/arn.ts';
import { Fault } from '../model/fault.ts';
import type { Registry } from '../model/registry.ts';
import type { RepositoryPath } from '../registry/repository/repository-path.ts';
import type { Call } from './operation.ts';

interface RepositoryInput {
  readonly registryId?: string | undefined;
  readonly repositoryName: string;
}

/** The registry an input names: its `registryId`, else the caller's own; always in the region of the request. */
export function registryOf(input: { readonly registryId?: string | undefined }, call: Call): Registry {
  return { id: input.registryId ?? call.registry.id, region: call.registry.region };
}

export function pathOf(input: RepositoryInput, call: Call): RepositoryPath {
  return { registry: registryOf(input, call), repositoryName: input.repositoryName };
}

/** The ARN of the repository that an input names. */
export function arnOf(input: RepositoryInput, call: Call): string {
  return repositoryArn(registryOf(input, call), input.repositoryName);
}

/**
 * The ARN that an input gives, in the one spelling that permissions are looked up by: another partition in it leads to the
 * same repository, and must not lead around a rule.
 *
 * @throws Fault `InvalidParameter`
 */
export function canonicalArn({ resourceArn }: { readonly resourceArn: string }): string {
  const arn = parseRepositoryArn(resourceArn);
  if (!arn) throw new Fault('InvalidParameter', { parameter: 'resourceArn', constraint: 'Invalid ARN' });
  return repositoryArn(arn.registry, arn.repositoryName);
}
