import { invalid } from './refusal.ts';

/** Lower-case name to the values of its lines, in the order of arrival, each character one byte from the wire. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>;

/**
 * Every line of `rawHeaders` (name, value, name, value …), repeated ones included. Node's `headers` drops or joins
 * repeated lines depending on their name, and a signature must not depend on which one a handler happens to read.
 */
export function readHeaderLines(rawHeaders: readonly string[]): HeaderLines {
  const lines = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = lowerCase(rawHeaders[i] ?? '');
    const value = rawHeaders[i + 1] ?? '';
    const values = lines.get(name);
    if (values === undefined) lines.set(name, [value]);
    else values.push(value);
  }
  return lines;
}

/** The value of a header that may arrive once at most; `undefined` if it did not arrive. Throws InvalidSignature if it arrived twice. */
export function findSole(headers: HeaderLines, name: string): string | undefined {
  const values = headers.get(name);
  if (values === undefined) return undefined;
  if (values.length > 1) throw invalid(`The header '${name.slice(0, 100)}' must appear exactly once in the request`);
  return values[0];
}

const ASCII = /^[\x20-\x7e]*$/;

/** ASCII only: `toLowerCase` maps characters from outside ASCII into it (the Kelvin sign becomes `k`). */
function lowerCase(name: string): string {
  return ASCII.test(name) ? name.toLowerCase() : name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
