import type { Registry } from './registry.ts';
import { isRegion, isRegistryId } from './registry.ts';
import { parseRepositoryName, type RepositoryName } from './repository-name.ts';

export interface RepositoryArn {
  readonly registry: Registry;
  readonly repositoryName: RepositoryName;
}

/** `arn:aws:ecr:<region>:<account>:repository/<name>` (fidelity facts, section 4.2). */
export function repositoryArn(registry: Registry, repositoryName: string): string {
  return `arn:aws:ecr:${registry.region}:${registry.id}:repository/${repositoryName}`;
}

export function parseRepositoryArn(text: string): RepositoryArn | undefined {
  const [arn, partition, service, region, id, resource, ...rest] = text.split(':');
  if (arn !== 'arn' || !partition?.startsWith('aws') || service !== 'ecr' || rest.length > 0) return undefined;
  if (region === undefined || id === undefined || !isRegion(region) || !isRegistryId(id)) return undefined;
  if (!resource?.startsWith('repository/')) return undefined;
  const repositoryName = parseRepositoryName(resource.slice('repository/'.length));
  return repositoryName && { registry: { id, region }, repositoryName };
}
