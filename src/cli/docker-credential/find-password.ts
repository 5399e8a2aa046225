import type { ServerAccess } from '../../config/server-access.ts';
import type { Clock } from '../../model/clock.ts';
import { askWithPassword, fetchPassword } from '../way/call-ecr.ts';
import type { Password, PasswordCache } from '../way/password-cache.ts';

/** How long a password must last still: a push that begins now may take that long. */
const LEFT = 3_600_000;

/**
 * A password that the server takes: the one that somebody logged in with, else the one of last time, else a fresh one.
 *
 * @throws ServerError, Unanswered
 */
export async function findPassword(access: ServerAccess, clock: Clock, cache: PasswordCache): Promise<Password> {
  const { endpoint } = access;
  const now = clock.now();
  const given = cache.find(endpoint, 'given');
  if (given !== undefined && given.expiresAt > now && (await isTaken(endpoint, given))) return given;
  const kept = cache.find(endpoint, access);
  if (kept !== undefined && kept.expiresAt > now + LEFT && (await isTaken(endpoint, kept))) return kept;
  const fresh = await fetchPassword(access, clock);
  cache.keep(endpoint, access, fresh);
  return fresh;
}

/** A server with another data folder knows nothing of the password. One in trouble says nothing against it. */
async function isTaken(endpoint: string, password: Password): Promise<boolean> {
  const { status } = await askWithPassword(endpoint, password, '/v2/');
  return status === 200 || status === 429 || status >= 500;
}
