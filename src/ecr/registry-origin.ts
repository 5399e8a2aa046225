import type { Registry } from '../model/registry.ts';
import type { Call } from './operation.ts';

const ECR_API_HOST = /^(?:api\.)?ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(?:\.cn)?)(:\d+)?$/;

/**
 * Where docker finds a registry, `scheme://host[:port]`: the very host that the caller addressed, so that what the API
 * answers can be pushed to as it stands. A caller who reached us under ECR's own API host is given ECR's own registry host,
 * and always `https`: ECR's credential helper takes nothing else.
 */
export function registryOrigin(registry: Registry, { origin }: Pick<Call, 'origin'>): string {
  const ecrHost = ecrRegistryHost(registry, origin);
  return ecrHost === undefined ? `${schemeOf(origin)}${hostOf(origin)}` : `https://${ecrHost}`;
}

/** As ECR writes it: without a scheme. */
export function repositoryUri(registry: Registry, repositoryName: string, { origin }: Pick<Call, 'origin'>): string {
  return `${ecrRegistryHost(registry, origin) ?? hostOf(origin)}/${repositoryName}`;
}

function ecrRegistryHost(registry: Registry, origin: string): string | undefined {
  const [, fips, suffix, port = ''] = ECR_API_HOST.exec(hostOf(origin)) ?? [];
  return suffix && `${registry.id}.dkr.ecr${fips ?? ''}.${registry.region}.${suffix}${port}`;
}

/** No `URL` is made of the origin: it refuses hosts that a caller may well send, a port that does not exist for one. */
function hostOf(origin: string): string {
  return origin.slice(schemeOf(origin).length).toLowerCase();
}

function schemeOf(origin: string): string {
  return origin.slice(0, origin.indexOf('://') + '://'.length);
}
