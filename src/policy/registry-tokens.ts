import { createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { Fault } from '../model/fault.ts';
import type { Registry } from '../model/registry.ts';
import type { Principal } from './principal.ts';
import { seal, unseal } from './sealed.ts';

/** Twelve hours, as ECR's (fidelity facts, section 4.4). */
const LIFETIME = 12 * 3_600_000;
const MAX_PASSWORD = 4096;
const PURPOSE = 'registry-token';
/** How many tokens are remembered: clients send theirs with every request. */
const REMEMBERED = 256;

/** Who holds a token, and for which registry it was made. */
export interface TokenClaims {
  readonly registry: Registry;
  readonly principal: Principal;
}

const claims = z.object({
  registry: z.object({ id: z.string(), region: z.string() }),
  principal: z.object({ arn: z.string(), accountId: z.string() }),
  expiresAt: z.number(),
});
type Claims = z.infer<typeof claims>;
const envelope = z.object({
  payload: z.string(),
  version: z.literal('2'),
  type: z.literal('DATA_KEY'),
  expiration: z.number(),
});

/**
 * The passwords of `docker login`. To a client a password is base64 of a JSON object as in ECR (fidelity facts, section
 * 7.1): it begins with `ey`, has no colon and no line break, and its `expiration` can be read. What it says is sealed.
 */
export class RegistryTokens {
  readonly #key: KeyObject;
  readonly #clock: Clock;
  /** Those that were opened last, by password: opening one takes more processor than the rest of a request's way. */
  readonly #opened = new Map<string, Claims>();

  constructor(key: Uint8Array, clock: Clock) {
    this.#key = createSecretKey(key);
    this.#clock = clock;
  }

  /** `expiresAt` is in milliseconds since the epoch. */
  issue({ registry, principal }: TokenClaims): { readonly password: string; readonly expiresAt: number } {
    const expiresAt = this.#clock.now() + LIFETIME;
    const payload = seal(this.#key, PURPOSE, { registry, principal, expiresAt });
    const token = { payload, datakey: '', version: '2', type: 'DATA_KEY', expiration: Math.floor(expiresAt / 1000) };
    return { password: Buffer.from(JSON.stringify(token)).toString('base64'), expiresAt };
  }

  /**
   * What the password says, or `undefined` if Berth did not make it.
   *
   * @throws Fault `ExpiredAuthorizationToken`
   */
  open(password: string): TokenClaims | undefined {
    const said = this.#opened.get(password) ?? this.#unseal(password);
    if (said === undefined) return undefined;
    if (said.expiresAt <= this.#clock.now()) throw new Fault('ExpiredAuthorizationToken', {});
    return { registry: said.registry, principal: said.principal };
  }

  /** Only what Berth made is remembered, so nobody can push out what others need but with as many tokens of their own. */
  #unseal(password: string): Claims | undefined {
    const outer = envelope.safeParse(parseBase64Json(password));
    if (!outer.success) return undefined;
    const inner = claims.safeParse(unseal(this.#key, PURPOSE, outer.data.payload));
    if (!inner.success) return undefined;
    const [oldest] = this.#opened.keys();
    if (this.#opened.size >= REMEMBERED && oldest !== undefined) this.#opened.delete(oldest);
    this.#opened.set(password, inner.data);
    return inner.data;
  }
}

/** Node skips over what is not base64, so the text must be just what its bytes encode to. */
function parseBase64Json(text: string): unknown {
  if (text.length > MAX_PASSWORD) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
