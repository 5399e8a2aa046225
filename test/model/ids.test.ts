import { expect, test } from 'vitest';
import { parseStorageKey, randomIds } from '../../src/model/ids.ts';

test('A storage key has the form that paths are built from, and is never given out twice', () => {
  const ids = randomIds();
  const keys = Array.from({ length: 10_000 }, () => ids.storageKey());
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => parseStorageKey(key) !== key)).toEqual([]);
  expect(keys.filter((key) => !/^[0-9a-z]{26}$/.test(key))).toEqual([]);
});

test.each([
  '',
  'aa',
  '../etc',
  `${'a'.repeat(25)}`,
  `${'a'.repeat(27)}`,
  `../${'a'.repeat(23)}`,
  `${'a'.repeat(24)}/a`,
  `${'A'.repeat(26)}`,
  `${'a'.repeat(26)}\n`,
])('%j is no storage key', (text) => {
  expect(parseStorageKey(text)).toBeUndefined();
});
