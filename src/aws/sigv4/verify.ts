import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { Fault } from '../../model/fault.ts';
import { isRegistryId } from '../../model/registry.ts';
import { type AccessKey, type KeyRing, refusalOfKey } from './access-key.ts';
import { type Authorization, parseAuthorization } from './authorization-header.ts';
import { canonicalHead, hashCanonicalRequest } from './canonical-request.ts';
import { requireScope } from './credential-scope.ts';
import { findSole, type HeaderLines, readHeaderLines } from './header-lines.ts';
import { hashPayload, readDeclaredHash } from './payload.ts';
import { incomplete, invalid, WRONG_SIGNATURE } from './refusal.ts';
import { readRequestDate, requireCurrent } from './request-date.ts';
import { parseTarget, type RequestTarget } from './request-target.ts';
import { requireSigned } from './signed-headers.ts';
import { SigningKeys, sign } from './signing-key.ts';

export interface RequestHead {
  readonly method: string;
  /** The target of the request line, untouched. */
  readonly target: string;
  /** Name, value, name, value …, every line as it arrived: node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

export interface VerifierOptions {
  readonly keys: KeyRing;
  readonly clock: Clock;
  /** The signing name that the scope must have: `ecr`. */
  readonly service: string;
  /**
   * `refuse`: only known keys. `trust` (profile `local`): for a key that is not known everything is checked but the
   * signature itself, whose secret nobody has; and a scope may leave its region empty. Known keys are always verified.
   */
  readonly unknownKeys: 'trust' | 'refuse';
  /** The account of an unknown key whose id is not itself an account id. */
  readonly defaultAccountId: string;
  /** The region of a scope that leaves it empty. */
  readonly defaultRegion: string;
  /** `root` (the default): the service lives at `/`, as ECR does, and no other path is taken. */
  readonly paths?: 'root' | 'any';
}

declare const made: unique symbol;

/** Who signed a request. Only this file makes one, so whoever holds one knows that a signature stands behind it. */
export interface VerifiedCaller {
  readonly [made]: 'by the verifier';
  readonly accessKeyId: string;
  readonly accountId: string;
  /** Any DNS label. */
  readonly region: string;
  /** `on-trust`: the key is not known and its signature was not compared. */
  readonly trust: 'verified' | 'on-trust';
}

/** A request whose head is in order, and whose body may be read. */
export interface PendingSignature {
  /** Answers who signed the head and exactly these bytes. Throws InvalidSignature, UnrecognizedClient or ExpiredToken. */
  verify(body: Uint8Array): VerifiedCaller;
}

/** A day, a region and a key make one signing key; clients use few regions. */
const signingKeys = new SigningKeys(100);

/** Stands in for a key that is not known, so that its requests take the same way, and the same time, to their refusal. */
const NO_KEY: AccessKey = { id: '', secret: 'stands in for a secret', accountId: '', active: false };

/**
 * Checks the head of a request, before any of its body is read. The order, of which the first failure is the answer:
 *
 *  1. target: origin-form, well-formed query, the path `/` ....................... InvalidSignature
 *  2. one way of signing: the Authorization header, once; nothing in the query ... MissingAuthenticationToken,
 *                                                                                  IncompleteSignature, InvalidSignature
 *  3. Authorization: algorithm, parameters, signature, credential, signed headers  IncompleteSignature
 *  4. X-Amz-Date, else Date ...................................................... IncompleteSignature
 *  5. scope: region, service, terminator, day .................................... InvalidSignature
 *  6. 15 minutes, both ways ...................................................... InvalidSignature
 *  7. the key is looked up, and its state judged; the judgement waits for step 12
 *  8. every header that binds is signed, and is one line ......................... InvalidSignature
 *  9. the body is declared to be neither unsigned, streamed nor encoded .......... InvalidSignature
 *     — here the edge reads the body —
 * 10. the hash of the body is the declared one, if one was declared .............. InvalidSignature
 * 11. the signature is computed and compared in constant time (not for a key taken on trust)
 * 12. the judgement on the key ................................................... UnrecognizedClient, ExpiredToken
 * 13. the outcome of the comparison .............................................. InvalidSignature
 *
 * Unknown keys, keys switched off and wrong tokens are answered after step 11 and not before, so that the time an answer
 * takes does not tell them apart; the body they get read for it is one that a wrong signature gets read as well.
 */
export function admit(head: RequestHead, options: VerifierOptions): PendingSignature {
  const now = options.clock.now();
  const target = parseTarget(head.target);
  if (options.paths !== 'any' && target.path !== '/') throw invalid("The request path must be '/'");
  const headers = readHeaderLines(head.rawHeaders);

  const authorization = parseAuthorization(soleAuthorization(headers, target));
  const { accessKeyId, scope, signedHeaders, signature } = authorization;
  const date = readRequestDate(headers);
  const emptyRegion = options.unknownKeys === 'trust' ? 'allowed' : 'refused';
  requireScope(scope, date, { service: options.service, emptyRegion });
  requireCurrent(date, now);

  const known = options.keys.find(accessKeyId);
  const key = known ?? NO_KEY;
  const refusal = refusalOfKey(key, findSole(headers, 'x-amz-security-token'), now);

  requireSigned(headers, signedHeaders);
  const declaredHash = readDeclaredHash(headers);
  const canonical = canonicalHead(head.method, target, headers, signedHeaders);

  return {
    verify(body) {
      const payloadHash = hashPayload(body, declaredHash);
      if (known === undefined && options.unknownKeys === 'trust') return callerOnTrust(authorization, options);

      const signingKey = signingKeys.get(key, scope);
      const expected = sign(signingKey, date, scope, hashCanonicalRequest(canonical, payloadHash));
      const matches = timingSafeEqual(expected, Buffer.from(signature, 'hex'));
      if (refusal !== undefined) throw new Fault(refusal, {});
      if (!matches) throw invalid(WRONG_SIGNATURE);
      return caller({
        accessKeyId,
        accountId: key.accountId,
        region: scope.region || options.defaultRegion,
        trust: 'verified',
      });
    },
  };
}

function soleAuthorization(headers: HeaderLines, target: RequestTarget): string {
  const lines = headers.get('authorization') ?? [];
  if (target.query.some(({ name }) => /^x-amz-/i.test(name))) {
    const sentence =
      "Signatures are taken from the Authorization header only: the query string must have no 'X-Amz-*' parameter.";
    throw lines.length > 0 ? invalid(sentence) : incomplete(sentence);
  }
  const [line, ...more] = lines;
  if (line === undefined || line === '') throw new Fault('MissingAuthenticationToken', {});
  if (more.length > 0) throw incomplete('Authorization header must appear exactly once.');
  return line;
}

function callerOnTrust({ accessKeyId, scope }: Authorization, options: VerifierOptions): VerifiedCaller {
  const accountId = isRegistryId(accessKeyId) ? accessKeyId : options.defaultAccountId;
  return caller({ accessKeyId, accountId, region: scope.region || options.defaultRegion, trust: 'on-trust' });
}

function caller(facts: Omit<VerifiedCaller, typeof made>): VerifiedCaller {
  return Object.freeze(facts) as VerifiedCaller;
}
