import { findSole, type HeaderLines } from './header-lines.ts';
import { incomplete, invalid, nameSome } from './refusal.ts';

const MAX_NAMES = 100;
/** A lower-case field name of RFC 9110. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Parses `host;x-amz-date`: lower-case names in strictly ascending order, so none twice. Throws IncompleteSignature. */
export function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';');
  const wellFormed =
    names.length <= MAX_NAMES && names.every((name, i) => NAME.test(name) && (i === 0 || (names[i - 1] ?? '') < name));
  if (!wellFormed) {
    throw incomplete(
      `Authorization header requires 'SignedHeaders' to be at most ${MAX_NAMES} lower-case header names, sorted, each once, with ';' between them.`,
    );
  }
  return names;
}

/**
 * Holds a request to its signature, not to what its sender chose to sign: `host`, `content-type` and every `x-amz-*`
 * that arrives must be signed and must be one line. `X-Amz-Target` alone decides between a read and a delete, so a
 * signature that leaves it out vouches for neither. Throws InvalidSignature; names headers, never their values.
 */
export function requireSigned(headers: HeaderLines, signedHeaders: readonly string[]): void {
  if (!signedHeaders.includes('host')) throw invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  if (signedHeaders.includes('authorization')) throw invalid("'Authorization' cannot be a 'SignedHeader'.");

  const binding = [...headers.keys()].filter(mustBeSigned);
  const unsigned = binding.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) {
    throw invalid(`There were headers present in the request which were not signed: ${nameSome(unsigned)}`);
  }
  for (const name of binding) findSole(headers, name);

  const absent = signedHeaders.filter((name) => !headers.has(name));
  if (absent.length > 0) {
    throw invalid(`There were signed headers which are not present in the request: ${nameSome(absent)}`);
  }
}

function mustBeSigned(name: string): boolean {
  return name === 'host' || name === 'content-type' || name.startsWith('x-amz-');
}
