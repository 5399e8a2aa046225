import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { AccessKey } from './access-key.ts';
import { ALGORITHM, type CredentialScope } from './authorization-header.ts';
import { scopeText, TERMINATOR } from './credential-scope.ts';
import { Remembered } from './remembered.ts';
import type { RequestDate } from './request-date.ts';

/**
 * Derives signing keys, and keeps those of each access key for as long as it lives. A secret that was changed is an access key of
 * its own, and never meets a signing key of the old one.
 */
export class SigningKeys {
  readonly #limit: number;
  readonly #kept = new WeakMap<Pick<AccessKey, 'secret'>, Remembered<KeyObject>>();

  /** How many days and regions of one access key are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(accessKey: Pick<AccessKey, 'secret'>, scope: CredentialScope): KeyObject {
    let kept = this.#kept.get(accessKey);
    if (kept === undefined) {
      kept = new Remembered(this.#limit);
      this.#kept.set(accessKey, kept);
    }
    return kept.get(scopeText(scope), () => deriveSigningKey(accessKey.secret, scope));
  }
}

/** The signature of a canonical request: 32 bytes. */
export function sign(key: KeyObject, date: RequestDate, scope: CredentialScope, canonicalRequestHash: string): Buffer {
  return hmac(key, `${ALGORITHM}\n${date.stamp}\n${scopeText(scope)}\n${canonicalRequestHash}`);
}

/** As an object of its own: given as bytes, a key takes longer to be told from an object than to be used. */
export function deriveSigningKey(secret: string, scope: CredentialScope): KeyObject {
  const forDay = hmac(`AWS4${secret}`, scope.date);
  const forRegion = hmac(forDay, scope.region);
  const forService = hmac(forRegion, scope.service);
  return createSecretKey(hmac(forService, TERMINATOR));
}

function hmac(key: string | Buffer | KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
