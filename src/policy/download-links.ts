import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { Registry } from '../model/registry.ts';

/** How long a link can be used. */
export const LINK_LIFETIME = 3_600_000;

/** The layer a link leads to. */
export interface LinkTarget {
  readonly registry: Registry;
  readonly repositoryName: string;
  readonly digest: string;
}

/** Links to layers that need no credentials: the answer of GetDownloadUrlForLayer. Good for one layer and one hour, for GET and HEAD. */
export class DownloadLinks {
  readonly #key: KeyObject;
  readonly #clock: Clock;

  constructor(key: Uint8Array, clock: Clock) {
    this.#key = createSecretKey(key);
    this.#clock = clock;
  }

  /** The query string of a link to the layer. */
  sign(target: LinkTarget): string {
    const expires = this.#clock.now() + LINK_LIFETIME;
    return new URLSearchParams({
      expires: String(expires),
      signature: this.#signature(target, expires).toString('hex'),
    }).toString();
  }

  /** Whether this is the query string of a link to the layer that can still be used. */
  admits(target: LinkTarget, query: URLSearchParams): boolean {
    const [expires, signature] = [query.get('expires') ?? '', query.get('signature') ?? ''];
    if (!/^[0-9]{1,15}$/.test(expires) || !/^[0-9a-f]{64}$/.test(signature)) return false;
    const expected = this.#signature(target, Number(expires));
    return timingSafeEqual(Buffer.from(signature, 'hex'), expected) && this.#clock.now() < Number(expires);
  }

  #signature({ registry, repositoryName, digest }: LinkTarget, expires: number): Buffer {
    const said = [registry.id, registry.region, repositoryName, digest, String(expires)].join('\n');
    return createHmac('sha256', this.#key).update(said).digest();
  }
}
