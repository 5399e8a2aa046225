import { expect, test } from 'vitest';
import { counted, formatBytes, formatInstant, formatSpan, formatTable, printable } from '../../src/cli/format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1234, '1.2 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_240_000_000, '1.2 GB'],
  [340_000_000, '340 MB'],
  [5e15, '5.0 PB'],
  [Number.MAX_SAFE_INTEGER, '9.0 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_200_000, '2 h'],
  [259_200_000, '3 d'],
])('%d ms are %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test('one image is an image, and all other numbers are images', () => {
  expect([0, 1, 2].map((count) => counted(count, 'image'))).toEqual(['0 images', '1 image', '2 images']);
});

test('an instant is written to the second, in UTC', () => {
  expect(formatInstant(Date.UTC(2026, 10, 23, 12, 0, 0, 663))).toBe('2026-11-23 12:00:00Z');
});

test('a table has its columns below each other, and no space at the end of a line', () => {
  const rows = [
    ['NAME', 'SIZE', ''],
    ['a', '1', 'x'],
    ['longer', '10000', ''],
  ];
  expect(formatTable(rows, [1])).toBe('NAME     SIZE\na           1  x\nlonger  10000\n');
});

test('text from elsewhere tells the terminal nothing', () => {
  expect(printable('a\u001b[2J\nb\u202ec')).toBe('a\\u001b[2J\\u000ab\\u202ec');
});
