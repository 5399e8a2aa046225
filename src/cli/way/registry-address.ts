import { hostNameOf, isLoopback } from '../../http/host-check.ts';

/** Where a registry is, in the two ways in which clients say it. */
export interface RegistryAddress {
  /** What the names of its images begin with: `localhost:4327`. */
  readonly host: string;
  /** Scheme, host and port: `http://localhost:4327`. */
  readonly endpoint: string;
}

/**
 * The address in `localhost:4327` or `https://registry.example.com`; undefined if it is none. Without a scheme it is http on
 * the machine itself and https elsewhere, as docker has it.
 */
export function parseAddress(text: string): RegistryAddress | undefined {
  const [, scheme, host = ''] = /^(?:(https?):\/\/)?([^/?#@\s]{1,300})\/?$/.exec(text.toLowerCase()) ?? [];
  const name = hostNameOf(host);
  if (name === undefined || host.endsWith(':')) return undefined;
  const endpoint = `${scheme ?? (isLoopback(name) ? 'http' : 'https')}://${host}`;
  return URL.canParse(endpoint) ? { host, endpoint: new URL(endpoint).origin } : undefined;
}

/** Whether the registry is on the machine itself, by its name. */
export function isLocal({ host }: Pick<RegistryAddress, 'host'>): boolean {
  const name = hostNameOf(host);
  return name !== undefined && isLoopback(name);
}

/** All that people call the host: `localhost` and `127.0.0.1` are one server. The usual name comes first. */
export function namesOf(host: string): readonly string[] {
  const [whole, port = ''] = /^(?:localhost|127\.0\.0\.1)(:\d+)?$/.exec(host) ?? [];
  return whole === undefined ? [host] : [`localhost${port}`, `127.0.0.1${port}`];
}

/** Whether two endpoints are one server, as far as their names say. */
export function isSameServer(one: string, other: string): boolean {
  const [a, b] = [parseAddress(one), parseAddress(other)];
  if (a === undefined || b === undefined) return false;
  const first = ({ endpoint }: RegistryAddress) => {
    const { protocol, host } = new URL(endpoint);
    return `${protocol}//${namesOf(host)[0]}`;
  };
  return first(a) === first(b);
}
