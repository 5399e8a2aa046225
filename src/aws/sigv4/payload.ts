import { hash } from 'node:crypto';
import { findSole, type HeaderLines } from './header-lines.ts';
import { invalid } from './refusal.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * What the head says about the body: the SHA-256 it declares, if any. Throws InvalidSignature for what would let a body
 * pass unsigned or make it something else than the bytes that were signed: unsigned and streaming payloads, content encodings.
 */
export function readDeclaredHash(headers: HeaderLines): string | undefined {
  for (const encoding of headers.get('content-encoding') ?? []) {
    if (encoding.trim() !== 'identity') {
      throw invalid(
        'The body must be sent as it was signed: Content-Encoding is not supported, aws-chunked and gzip included',
      );
    }
  }
  const declared = findSole(headers, 'x-amz-content-sha256');
  if (declared === 'UNSIGNED-PAYLOAD' || declared?.startsWith('STREAMING-')) {
    throw invalid(
      "Unsigned and streaming payloads are not supported: 'x-amz-content-sha256' must be the SHA-256 of the body",
    );
  }
  if (declared !== undefined && !SHA256.test(declared)) {
    throw invalid("'x-amz-content-sha256' must be the SHA-256 of the body in 64 lower-case hexadecimal digits");
  }
  return declared;
}

/** The SHA-256 of the bytes that arrived, which is what the signature is held to. Throws InvalidSignature if another one was declared. */
export function hashPayload(body: Uint8Array, declared: string | undefined): string {
  const actual = hash('sha256', body);
  if (declared !== undefined && declared !== actual) {
    throw invalid("The provided 'x-amz-content-sha256' header does not match what was computed");
  }
  return actual;
}
