import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches } from '../../src/model/glob.ts';

/** The definition, word for word: exponential, and obviously right. */
function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return Array.from({ length: text.length + 1 }, (_, at) => at).some((at) =>
      matchesByDefinition(pattern.slice(1), text.slice(at)),
    );
  }
  return text !== '' && text[0] === pattern[0] && matchesByDefinition(pattern.slice(1), text.slice(1));
}

test.each([
  ['v*', 'v', true],
  ['v*', 'v1.0', true],
  ['v*', 'vv', true],
  ['v*', 'xv1', false],
  ['*-rc', '1.0-rc', true],
  ['*-rc', '1.0-rc1', false],
  ['a*b*c', 'aXXbYYc', true],
  ['a*b*c', 'aXXcYYb', false],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['**', 'abc', true],
  ['latest', 'latest', true],
  ['latest', 'Latest', false],
  ['1.0', '1x0', false],
  ['[a-z]', 'b', false],
  ['a?c', 'abc', false],
])('the pattern %j against %j says %s', (pattern, text, expected) => {
  expect(globMatches(pattern, text)).toBe(expected);
});

test('Any pattern says of any text what the definition says', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (p, t) => globMatches(p, t) === matchesByDefinition(p, t)),
    { numRuns: 5000 },
  );
});

test('A hostile pattern costs no more than the product of both lengths', () => {
  const started = performance.now();
  expect(globMatches(`${'*a'.repeat(64)}b`, 'a'.repeat(300))).toBe(false);
  expect(globMatches(`${'a*'.repeat(1000)}b`, 'a'.repeat(3000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(500);
});
