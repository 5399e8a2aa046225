import { ENDPOINT_VARIABLE, resolveAccess, type ServerAccess } from '../../config/server-access.ts';
import type { Sources } from '../../config/sources.ts';
import type { Logins } from './logins.ts';
import { isLocal, namesOf, parseAddress } from './registry-address.ts';

/** The server that an address leads to, and as whom. */
export interface KnownServer {
  readonly access: ServerAccess;
  /** False where nobody said that a Berth is there: it is an address of this machine, no more. */
  readonly named: boolean;
}

/**
 * The server that docker means by an address: one that somebody logged in to, the one of the environment, or one on this
 * machine. Undefined for all others: nothing is signed for them.
 *
 * @throws ConfigError
 */
export function knownServer(
  given: string,
  logins: Logins,
  sources: Pick<Sources, 'env' | 'readFile'>,
): KnownServer | undefined {
  // Docker may put a scheme or a path around the host, which say nothing of how this registry is reached.
  const address = parseAddress(given.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
  if (address === undefined) return undefined;
  const names = namesOf(address.host);
  const login = names.map((name) => logins.get(name)).find((found) => found !== undefined);
  if (login !== undefined) {
    const profile = sources.env['AWS_PROFILE'] || login.profile;
    const env = profile === undefined ? sources.env : { ...sources.env, AWS_PROFILE: profile };
    return { access: resolveAccess(login, { ...sources, env }), named: true };
  }
  const variable = [sources.env[ENDPOINT_VARIABLE], sources.env['AWS_ENDPOINT_URL_ECR']]
    .map((text) => parseAddress(text ?? ''))
    .find((found) => found !== undefined && namesOf(found.host).includes(address.host));
  if (variable !== undefined) return { access: resolveAccess({ endpoint: variable.endpoint }, sources), named: true };
  if (!isLocal(address)) return undefined;
  return { access: resolveAccess({ endpoint: address.endpoint }, sources), named: false };
}
