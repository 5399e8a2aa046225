import { hash } from 'node:crypto';
import type { HeaderLines } from './header-lines.ts';
import { invalid } from './refusal.ts';
import type { QueryParameter, RequestTarget } from './request-target.ts';
import { percentEncode } from './uri-encoding.ts';

/** What a field value may be made of (RFC 9110): no line ends, no other control characters, one byte a character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** One that is as it is signed already, as most are: no space but single ones between other characters. */
const CANONICAL_VALUE = /^[\x21-\x7e\x80-\xff]+(?: [\x21-\x7e\x80-\xff]+)*$/;
const METHOD = /^[A-Z]{1,20}$/;

/** All of the canonical request but its last line, the hash of the body. Throws InvalidSignature for a head no client of HTTP sends. */
export function canonicalHead(
  method: string,
  target: RequestTarget,
  headers: HeaderLines,
  signedHeaders: readonly string[],
): string {
  if (!METHOD.test(method)) throw invalid('The request method must be upper-case letters');
  return [
    method,
    canonicalPath(target.path),
    canonicalQuery(target.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(headers.get(name) ?? [])}`),
    '',
    signedHeaders.join(';'),
  ].join('\n');
}

/** The hash that is signed. Characters are bytes here, so `latin1` brings the header values back as they were on the wire. */
export function hashCanonicalRequest(head: string, payloadHash: string): string {
  return hash('sha256', Buffer.from(`${head}\n${payloadHash}`, 'latin1'));
}

/** As for every service but S3: dot segments and empty segments go, and what is encoded on the wire is encoded once more. */
export function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(percentEncode(segment));
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${end}`;
}

/** Sorted by encoded name, then by encoded value; both are ASCII, where comparing code units is comparing bytes. */
export function canonicalQuery(query: readonly QueryParameter[]): string {
  return query
    .map(({ name, value }) => ({ name: percentEncode(name), value: percentEncode(value) }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

function canonicalValue(values: readonly string[]): string {
  return values.map(trimAndCollapse).join(',');
}

/** Spaces and tabs only: the other characters JavaScript calls white space are bytes of some UTF-8 sequence here. */
function trimAndCollapse(value: string): string {
  if (CANONICAL_VALUE.test(value)) return value;
  if (!FIELD_VALUE.test(value)) throw invalid('A signed header has a character that HTTP does not allow');
  return value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
