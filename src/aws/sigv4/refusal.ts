import { Fault } from '../../model/fault.ts';

/** What a client that cannot be heard says: a part of the signature is missing or has no known form. */
export function incomplete(reason: string): Fault<'IncompleteSignature'> {
  return new Fault('IncompleteSignature', { reason });
}

/** The signature has the right form, but does not vouch for this request. */
export function invalid(reason: string): Fault<'InvalidSignature'> {
  return new Fault('InvalidSignature', { reason });
}

/** ECR's sentence for a signature that does not match (fidelity facts, section 3). It tells nothing about the expected one. */
export const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/** Names as a caller may read them back: a bounded number of bounded names. */
export function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => name.slice(0, 100));
  return names.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ');
}
