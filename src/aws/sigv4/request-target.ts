import { invalid } from './refusal.ts';
import { percentDecode } from './uri-encoding.ts';

export interface QueryParameter {
  /** Decoded, one character a byte. */
  readonly name: string;
  readonly value: string;
}

export interface RequestTarget {
  /** As it is on the wire: neither decoded nor normalised. */
  readonly path: string;
  readonly query: readonly QueryParameter[];
}

const MAX_LENGTH = 8192;
/** Origin-form of RFC 9112, section 3.2.1: absolute-form names a second host, beside the one that is signed. */
const ORIGIN_FORM = /^\/[\x21-\x7e]*$/;

/** Takes the target of the request line apart, without `URL`, which would rewrite it. Throws InvalidSignature if it is not in origin-form. */
export function parseTarget(target: string): RequestTarget {
  if (target.length > MAX_LENGTH || !ORIGIN_FORM.test(target)) {
    throw invalid(`The request target must be a path that starts with '/', at most ${MAX_LENGTH} characters long`);
  }
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: [] };
  const pieces = target.slice(mark + 1).split('&');
  return { path: target.slice(0, mark), query: pieces.filter((piece) => piece !== '').map(parseParameter) };
}

function parseParameter(piece: string): QueryParameter {
  const equals = piece.indexOf('=');
  const name = percentDecode(equals < 0 ? piece : piece.slice(0, equals));
  const value = percentDecode(equals < 0 ? '' : piece.slice(equals + 1));
  if (name === undefined || value === undefined) throw invalid('The query string contains a syntax error');
  return { name, value };
}
