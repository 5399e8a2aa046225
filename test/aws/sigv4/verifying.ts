import type { AccessKey, KeyRing } from '../../../src/aws/sigv4/access-key.ts';
import { admit, type VerifiedCaller, type VerifierOptions } from '../../../src/aws/sigv4/verify.ts';
import { Fault } from '../../../src/model/fault.ts';
import { type Draft, headOf, type Signing, smithy, type WireRequest } from './signers.ts';

export const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
export const STAMP = '20261123T120000Z';
export const KEY: AccessKey = { id: 'AKIABERTH', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY', accountId: '111122223333' };
export const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

const TARGET = 'AmazonEC2ContainerRegistry_V20150921';

export function ringOf(...keys: readonly AccessKey[]): KeyRing {
  return { find: (id) => keys.find((key) => key.id === id) };
}

/** A strict verifier that knows KEY, at NOW. */
export function strict(changes: Partial<VerifierOptions> = {}): VerifierOptions {
  return {
    keys: ringOf(KEY),
    clock: { now: () => NOW },
    service: 'ecr',
    unknownKeys: 'refuse',
    defaultAccountId: '000000000000',
    defaultRegion: 'us-east-1',
    ...changes,
  };
}

/** The verifier of profile `local`. */
export function trusting(changes: Partial<VerifierOptions> = {}): VerifierOptions {
  return strict({ unknownKeys: 'trust', ...changes });
}

export function call(operation: string, body: unknown = {}): Draft {
  return {
    method: 'POST',
    path: '/',
    query: [],
    headers: {
      Host: 'localhost:4327',
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': `${TARGET}.${operation}`,
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** A call of ECR as the SDK signs it: KEY, us-east-1, NOW. */
export function signedCall(
  operation = 'DescribeRepositories',
  changes: Partial<Signing> = {},
  draft: Partial<Draft> = {},
): Promise<WireRequest> {
  const signing = { key: KEY, region: 'us-east-1', service: 'ecr', at: NOW, ...changes };
  return smithy({ ...call(operation), ...draft }, signing);
}

export function verify(request: WireRequest, options: VerifierOptions = strict()): VerifiedCaller {
  return admit(headOf(request), options).verify(request.body);
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** `head`: refused before a byte of the body was read. */
  readonly when: 'head' | 'body';
}

/** How a request is refused; fails the test if it is not, or if anything but a fault is thrown. */
export function refusalOf(request: WireRequest, options: VerifierOptions = strict()): Refusal {
  let when: Refusal['when'] = 'head';
  try {
    const pending = admit(headOf(request), options);
    when = 'body';
    pending.verify(request.body);
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, message: error.message, when };
    throw error;
  }
  throw new Error('the request was accepted');
}
