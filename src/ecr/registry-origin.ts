import type { Registry } from '../model/registry.ts';
import type { Call } from './operation.ts';

const ECR_API_HOST = /^(?:api\.)?ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(?:\.cn)?)(:\d+)?$/;

/**
 * Where docker finds a registry, `scheme://host[:port]`: the very host that the caller addressed, so that what the API
 * answers can be pushed to as it stands. A caller who reached us under ECR's own API host is given ECR's own registry host.
 */
export function registryOrigin(registry: Registry, { origin }: Pick<Call, 'origin'>): string {
  const { protocol, host } = new URL(origin);
  const [, fips, suffix, port = ''] = ECR_API_HOST.exec(host) ?? [];
  if (suffix === undefined) return `${protocol}//${host}`;
  return `${protocol}//${registry.id}.dkr.ecr${fips ?? ''}.${registry.region}.${suffix}${port}`;
}

/** As ECR writes it: without a scheme. */
export function repositoryUri(registry: Registry, repositoryName: string, call: Pick<Call, 'origin'>): string {
  return `${new URL(registryOrigin(registry, call)).host}/${repositoryName}`;
}
