import { isIP, isIPv4 } from 'node:net';

/** Whether the server answers to a host name. */
export type HostAllowed = (hostName: string) => boolean;

/** The host name in a Host header, lower case and without port, brackets and trailing dot; undefined if it is none. */
export function hostNameOf(header: string): string | undefined {
  const host = header.toLowerCase();
  const bracketed = /^\[([0-9a-f:.]{2,45})\](?::[0-9]{0,5})?$/.exec(host)?.[1];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed : undefined;
  return /^([a-z0-9_.-]{1,253}?)\.?(?::[0-9]{0,5})?$/.exec(host)?.[1];
}

/** Names of Amazon's registries and API endpoints: nobody else can make them resolve, so no page can be rebound to one. */
const ECR_SHAPED = [
  /^[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]{1,63}\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/,
  /^(?:api\.)?ecr(?:-fips)?\.[a-z0-9-]{1,63}\.amazonaws\.com(?:\.cn)?$/,
];

/**
 * The rule of profile `local`, against DNS rebinding: a page in the user's browser can point its own name at 127.0.0.1,
 * but not a loopback-shaped or ECR-shaped one.
 *
 * `domains` are names that are allowed besides, `*.` in front for all below a name; `listeningOn` is the address
 * somebody chose to listen on, if it is one.
 */
export function localHostCheck(allowed: {
  readonly domains: readonly string[];
  readonly listeningOn?: string;
}): HostAllowed {
  const names = new Set(allowed.domains.filter((domain) => !domain.startsWith('*.')));
  const suffixes = allowed.domains.filter((domain) => domain.startsWith('*.')).map((domain) => domain.slice(1));
  const { listeningOn } = allowed;
  if (listeningOn !== undefined && isIP(listeningOn) !== 0) names.add(listeningOn.toLowerCase());
  return (hostName) =>
    isLoopback(hostName) ||
    names.has(hostName) ||
    suffixes.some((suffix) => hostName.length > suffix.length && hostName.endsWith(suffix)) ||
    ECR_SHAPED.some((pattern) => pattern.test(hostName));
}

/** Names and addresses that lead to the machine itself, whoever resolves them. */
export function isLoopback(hostName: string): boolean {
  if (isIPv4(hostName)) return hostName.startsWith('127.');
  return hostName === 'localhost' || hostName.endsWith('.localhost') || hostName === '::1';
}
