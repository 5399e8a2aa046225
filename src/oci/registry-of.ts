import { hostNameOf } from '../http/host-check.ts';
import type { Registry } from '../model/registry.ts';

const ECR_HOST = /^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.[a-z0-9.-]{1,190}$/;

/** Where a request may say which registry it means. */
export interface RegistryHints {
  /** The `ns` parameter: the host name of the image that a mirror stands in for. */
  readonly ns: string | undefined;
  /** The Host header. */
  readonly host: string | undefined;
  /** The registry that the credentials were made for. */
  readonly claimed: Registry | undefined;
}

/** The first hint that names a registry decides: `ns`, then Host, then the credentials. */
export function registryOf({ ns, host, claimed }: RegistryHints, fallback: Registry): Registry {
  return registryOfHost(ns) ?? registryOfHost(host) ?? claimed ?? fallback;
}

/** The account and region in `<account>.dkr.ecr.<region>.amazonaws.com` and its relatives, whatever domain they end in. */
export function registryOfHost(host: string | undefined): Registry | undefined {
  const [, id, region] = ECR_HOST.exec(hostNameOf(host ?? '') ?? '') ?? [];
  return id === undefined || region === undefined ? undefined : { id, region };
}
