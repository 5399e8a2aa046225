import { hash, timingSafeEqual } from 'node:crypto';

/** A pair of access key id and secret, and the account it speaks for. With a session token it is a temporary one. */
export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  /** 12 digits. */
  readonly accountId: string;
  /** If set, every request must carry exactly this token; if not, no request may carry one. */
  readonly sessionToken?: string;
  /** Milliseconds since the epoch; from this instant on the key is refused. Absent: never. */
  readonly expiresAt?: number;
  /** Default true. A key switched off is refused as if it did not exist. */
  readonly active?: boolean;
}

/** The access keys Berth knows. Asked once for every request, so a key that is gone is gone for the next request. */
export interface KeyRing {
  /** `undefined`: Berth does not know this id. The case of the letters counts. */
  find(accessKeyId: string): AccessKey | undefined;
}

/** Why a key may not be used, as the code of the fault that says so. */
export type KeyRefusal = 'UnrecognizedClient' | 'ExpiredToken';

/**
 * Whether `key` may be used by a request that carries `token` (`undefined`: carries none) at `now`.
 * Only who holds the right token learns that a key has expired.
 */
export function refusalOfKey(key: AccessKey, token: string | undefined, now: number): KeyRefusal | undefined {
  const tokenFits = sameToken(key.sessionToken, token);
  if (key.active === false || !tokenFits) return 'UnrecognizedClient';
  return key.expiresAt !== undefined && key.expiresAt <= now ? 'ExpiredToken' : undefined;
}

/** Digests are compared, not tokens: they have one length, and the time taken tells nothing about either token. */
function sameToken(a: string | undefined, b: string | undefined): boolean {
  return timingSafeEqual(tokenDigest(a), tokenDigest(b));
}

/** What stands for a token that is not there. */
const NO_TOKEN = hash('sha256', 'none', 'buffer');

function tokenDigest(token: string | undefined): Buffer {
  return token === undefined ? NO_TOKEN : hash('sha256', `token ${token}`, 'buffer');
}
