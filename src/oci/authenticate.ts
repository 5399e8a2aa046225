import type { RegistryTokens, TokenClaims } from '../policy/registry-tokens.ts';
import type { Answer } from './call.ts';

const USER = 'AWS';
/** A token has at most 4096 characters; the user, the colon and base64 come on top. */
const MAX_CREDENTIALS = 6000;
const BASIC = /^basic +([A-Za-z0-9+/]*={0,2})$/i;

/**
 * What the credentials of `docker login` say: user `AWS`, a token as password. `undefined` for anything else, however
 * malformed; clients send an empty user and password as well.
 *
 * @throws Fault `ExpiredAuthorizationToken`
 */
export function authenticate(tokens: RegistryTokens, authorization: string | undefined): TokenClaims | undefined {
  if (authorization === undefined || authorization.length > MAX_CREDENTIALS) return undefined;
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Node skips over what is not base64: two texts must not be the same credentials.
  if (bytes.toString('base64') !== encoded) return undefined;
  const credentials = bytes.toString('latin1');
  const colon = credentials.indexOf(':');
  if (colon < 0 || credentials.slice(0, colon) !== USER) return undefined;
  return tokens.open(credentials.slice(colon + 1));
}

/** Asks for credentials, word for word as ECR does (fidelity facts, section 7.1): plain text, not the protocol's envelope. */
export function challenge(origin: string): Answer {
  return {
    status: 401,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Www-Authenticate': `Basic realm="${origin}/",service="ecr.amazonaws.com"`,
    },
    body: Buffer.from('Not Authorized\n'),
  };
}
