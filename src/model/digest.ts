import { hash } from 'node:crypto';

/** A content digest in its canonical form, `sha256:<64 lower-case hex>` or `sha512:<128 lower-case hex>` (OCI image specification, "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

export type DigestAlgorithm = 'sha256' | 'sha512';

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}

const CANONICAL = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const LOOKS_LIKE_A_DIGEST = /^[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+$/;

/** Answers the digest if `text` is canonical, `undefined` otherwise. Nothing else may become part of a digest look-up by content. */
export function parseDigest(text: string): Digest | undefined {
  return CANONICAL.test(text) ? (text as Digest) : undefined;
}

/** ECR's own, wider test for an image digest: what fails it is `InvalidImageDigest`, what passes may still not exist. */
export function hasDigestSyntax(text: string): boolean {
  return text.length <= 1000 && LOOKS_LIKE_A_DIGEST.test(text);
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The digest of exactly these bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes)}` as Digest;
}
