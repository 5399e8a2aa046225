import { type Digest, isDigestAlgorithm, parseDigest } from '../model/digest.ts';
import { Fault } from '../model/fault.ts';
import { isStorable } from '../model/storable-text.ts';
import { parseTag, type Tag } from '../model/tag.ts';

/** ECR's limit for `maxResults`. Without `n`, a page is as long as it may be: some clients never ask for the next one. */
const MAX_PAGE = 1000;
/** The specification asks for ten at the least; each is a few statements in one transaction, for which others wait. */
const MAX_TAGS = 100;

/**
 * A parameter that may be given once.
 *
 * @throws Fault `MalformedRequest`
 */
export function findSole(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1)
    throw new Fault('MalformedRequest', { reason: `The parameter '${name}' is there more than once` });
  return values[0];
}

/**
 * After which name a page begins, from `last`.
 *
 * @throws Fault `MalformedRequest`
 */
export function findLast(query: URLSearchParams): string | undefined {
  const last = findSole(query, 'last');
  if (last !== undefined && !isStorable(last)) {
    throw new Fault('MalformedRequest', { reason: "The parameter 'last' has the character U+0000" });
  }
  return last;
}

/**
 * A parameter that must be given once and be a digest.
 *
 * @throws Fault `InvalidDigest`
 */
export function getDigest(query: URLSearchParams, name: string): Digest {
  const values = query.getAll(name);
  const digest = values.length === 1 ? parseDigest(values[0] ?? '') : undefined;
  if (digest === undefined) throw new Fault('InvalidDigest', { digest: values.join(', ') });
  return digest;
}

/**
 * What the client is going to hash its upload with, if it says so. Nothing depends on it, for the digest that completes the upload says it
 * again; but one that could not be completed is better refused before its bytes.
 *
 * @throws Fault `InvalidDigest`, `MalformedRequest`
 */
export function checkDigestAlgorithm(query: URLSearchParams): void {
  const algorithm = findSole(query, 'digest-algorithm');
  if (algorithm !== undefined && !isDigestAlgorithm(algorithm)) throw new Fault('InvalidDigest', { digest: algorithm });
}

/**
 * The tags of a push by digest, each once, in the order given.
 *
 * @throws Fault `InvalidReference`, `TooManyTagParameters`
 */
export function getTags(query: URLSearchParams): Tag[] {
  const texts = query.getAll('tag');
  if (texts.length > MAX_TAGS) throw new Fault('TooManyTagParameters', { limit: MAX_TAGS });
  const tags = texts.map((text) => {
    const tag = parseTag(text);
    if (tag === undefined) throw new Fault('InvalidReference', { reference: text });
    return tag;
  });
  return [...new Set(tags)];
}

/**
 * The length of a page, from `n`: 0 to 1000. Renovate and others count on ECR's answer to more (fidelity facts, section 7.2).
 *
 * @throws Fault `InvalidParameter`, `MalformedRequest`
 */
export function getPageSize(query: URLSearchParams): number {
  const text = findSole(query, 'n') ?? String(MAX_PAGE);
  if (!/^[0-9]{1,300}$/.test(text)) {
    throw new Fault('MalformedRequest', { reason: `The parameter 'n' must be a whole number from 0 to ${MAX_PAGE}` });
  }
  if (Number(text) > MAX_PAGE) {
    throw new Fault('InvalidParameter', {
      parameter: 'maxResults',
      constraint: `Member must have value less than or equal to ${MAX_PAGE}`,
    });
  }
  return Number(text);
}
