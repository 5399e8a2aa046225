import type { Registry } from '../model/registry.ts';
import type { Call } from './operation.ts';

const ECR_API_HOST = /^(?:api\.)?ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(?:\.cn)?)(:\d+)?$/;

/**
 * Where docker finds a registry, `scheme://host[:port]`: the very host that the caller addressed, so that what the API
 * answers can be pushed to as it stands. A caller who reached us under ECR's own API host is given ECR's own registry host.
 */
export function registryOrigin(registry: Registry, { origin }: Pick<Call, 'origin'>): string {
  const scheme = origin.slice(0, origin.indexOf('://'));
  return `${scheme}://${registryHost(registry, origin)}`;
}

/** As ECR writes it: without a scheme. */
export function repositoryUri(registry: Registry, repositoryName: string, { origin }: Pick<Call, 'origin'>): string {
  return `${registryHost(registry, origin)}/${repositoryName}`;
}

/** No `URL` is made of the origin: it refuses hosts that a caller may well send, a port that does not exist for one. */
function registryHost(registry: Registry, origin: string): string {
  const host = origin.slice(origin.indexOf('://') + '://'.length).toLowerCase();
  const [, fips, suffix, port = ''] = ECR_API_HOST.exec(host) ?? [];
  return suffix === undefined ? host : `${registry.id}.dkr.ecr${fips ?? ''}.${registry.region}.${suffix}${port}`;
}
