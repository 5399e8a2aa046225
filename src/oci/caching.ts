import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './call.ts';

/** A year, which is as long as caches keep anything; private, for it is behind credentials. */
const FOR_GOOD = 'private, max-age=31536000, immutable';
/** To be asked for again each time; the ETag spares the bytes. */
const EACH_TIME = 'no-cache';

/** What lets a client keep content: what is under a digest never changes, what a tag leads to may at any time. */
export function cacheHeaders(digest: string, by: 'digest' | 'tag'): Record<string, string> {
  return { ETag: etagOf(digest), 'Cache-Control': by === 'digest' ? FOR_GOOD : EACH_TIME };
}

/** The bytes under a digest are always the same, so the digest is their ETag. */
export function etagOf(digest: string): string {
  return `"${digest}"`;
}

/**
 * Whether If-None-Match says that the client has the content already (RFC 9110, section 13.1.2). The comparison is weak: `W/`
 * makes no difference.
 */
export function isKnown(header: string | undefined, digest: string): boolean {
  const named = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return named.includes('*') || named.includes(etagOf(digest));
}

const CONDITIONS = ['if-match', 'if-modified-since', 'if-range', 'if-unmodified-since'] as const;

/**
 * Whether the client asks about what it has already, other than by If-None-Match. Whoever else sends the bytes would compare
 * with what he knows of them, of which Berth's ETag says nothing.
 */
export function hasConditions(headers: IncomingHttpHeaders): boolean {
  return CONDITIONS.some((name) => headers[name] !== undefined);
}

/** What is left of an answer when the client has the content (RFC 9110, section 15.4.5). */
export function notModified(headers: Answer['headers'] = {}): Answer {
  const kept = Object.entries(headers).filter(([name]) => KEPT.has(name));
  return { status: 304, headers: Object.fromEntries(kept) };
}

const KEPT = new Set(['ETag', 'Cache-Control', 'Docker-Content-Digest']);
