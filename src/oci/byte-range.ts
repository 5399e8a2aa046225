import type { ByteRange } from '../blobs/blob-store.ts';

/**
 * The part of `size` bytes that a Range header asks for. `undefined` is the whole: there is no such header, its unit is not
 * bytes, or it names several parts (RFC 9110, section 14.2, lets a server ignore it).
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  if (header === undefined || !/^bytes=/i.test(header) || header.includes(',')) return undefined;
  const [, from = '', to = ''] = /^bytes=([0-9]*)-([0-9]*)$/i.exec(header) ?? [];
  if (from === '' && to === '') return 'unsatisfiable';
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first <= last ? { first, last } : 'unsatisfiable';
}

/**
 * Where a chunk of an upload belongs: `<first>-<last>`, both included, without a unit (distribution specification, "Pushing
 * a blob in chunks").
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const [, from, to] = /^([0-9]+)-([0-9]+)$/.exec(header) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first <= last ? { first, last } : undefined;
}
