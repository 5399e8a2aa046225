import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest } from '../../src/config/did-you-mean.ts';

test.each([
  ['prot', 'port', 1],
  ['por', 'port', 1],
  ['portt', 'port', 1],
  ['pxrt', 'port', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('%j is %j but for %i edits', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test('the distance is symmetric, zero only for equal words, and at most the longer length', () => {
  const word = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'c') });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});

test('the nearest word is found whatever its case, and none is found for what is like no other', () => {
  const words = ['port', 'host', 'dataDir'];
  expect(nearest('datadir', words)).toBe('dataDir');
  expect(nearest('hots', words)).toBe('host');
  expect(nearest('completely', words)).toBeUndefined();
  expect(nearest('x', words)).toBeUndefined();
  expect(nearest('p'.repeat(10_000), words)).toBeUndefined();
});
