import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { ALGORITHM, type CredentialScope } from './authorization-header.ts';
import { TERMINATOR } from './credential-scope.ts';
import type { RequestDate } from './request-date.ts';

export type SigningKeys = (accessKeyId: string, secret: string, scope: CredentialScope) => KeyObject;

/**
 * Derives signing keys and keeps the `limit` used last. The secret is a part of what a key is found by, so a secret
 * that was changed never meets a key of the old one; hashed, so that no secret outlives its key ring in here.
 */
export function signingKeys(limit: number): SigningKeys {
  const kept = new Map<string, KeyObject>();
  return (accessKeyId, secret, scope) => {
    const name = hash('sha256', [accessKeyId, scope.date, scope.region, scope.service, secret].join('\n'), 'base64');
    const key = kept.get(name) ?? deriveSigningKey(secret, scope);
    kept.delete(name);
    kept.set(name, key);
    const [oldest = name] = kept.keys();
    if (kept.size > limit) kept.delete(oldest);
    return key;
  };
}

/** The signature of a canonical request: 32 bytes. */
export function sign(key: KeyObject, date: RequestDate, scope: CredentialScope, canonicalRequestHash: string): Buffer {
  const scopeText = [scope.date, scope.region, scope.service, scope.terminator].join('/');
  return hmac(key, [ALGORITHM, date.stamp, scopeText, canonicalRequestHash].join('\n'));
}

/** As an object of its own: given as bytes, a key takes longer to be told from an object than to be used. */
function deriveSigningKey(secret: string, scope: CredentialScope): KeyObject {
  const forDay = hmac(`AWS4${secret}`, scope.date);
  const forRegion = hmac(forDay, scope.region);
  const forService = hmac(forRegion, scope.service);
  return createSecretKey(hmac(forService, TERMINATOR));
}

function hmac(key: string | Buffer | KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
