import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { algorithmOf, digestOf, hasDigestSyntax, parseDigest } from '../../src/model/digest.ts';

const HEX64 = 'a'.repeat(64);
const HEX128 = '0f'.repeat(64);

describe('A digest', () => {
  test.each([
    ['sha256', `sha256:${HEX64}`],
    ['sha512', `sha512:${HEX128}`],
  ])('is %s with exactly as many lower-case hexadecimal digits as it has', (algorithm, text) => {
    expect(parseDigest(text)).toBe(text);
    expect(parseDigest(text) && algorithmOf(digestOf(Buffer.from('x'), algorithm as 'sha256' | 'sha512'))).toBe(
      algorithm,
    );
  });

  test.each([
    ['63 digits', `sha256:${HEX64.slice(1)}`],
    ['65 digits', `sha256:${HEX64}a`],
    ['upper-case digits', `sha256:${HEX64.toUpperCase()}`],
    ['an upper-case algorithm', `SHA256:${HEX64}`],
    ['sha512 with the length of sha256', `sha512:${HEX64}`],
    ['sha256 with the length of sha512', `sha256:${HEX128}`],
    ['md5', `md5:${'a'.repeat(32)}`],
    ['a path after the algorithm', 'sha256:../../x'],
    ['a path after the digits', `sha256:${HEX64}/../x`],
    ['a composed algorithm', `sha256+b64:${HEX64}`],
    ['two colons', `sha256:sha256:${HEX64}`],
    ['no colon', HEX64],
    ['nothing', ''],
    ['only the algorithm', 'sha256:'],
    ['a newline at the end', `sha256:${HEX64}\n`],
    ['a NUL at the end', `sha256:${HEX64}\0`],
    ['space around it', ` sha256:${HEX64} `],
    ['something before it on another line', `x\nsha256:${HEX64}`],
    ['full-width digits', `sha256:${'１'.repeat(64)}`],
  ])('is not %s', (_, text) => {
    expect(parseDigest(text)).toBeUndefined();
  });

  test('of bytes is what another implementation of the algorithm computes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(digestOf(bytes)).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
        expect(parseDigest(digestOf(bytes))).toBeDefined();
        expect(parseDigest(digestOf(bytes, 'sha512'))).toBeDefined();
      }),
    );
  });

  test('of nothing is the well-known one', () => {
    expect(digestOf(new Uint8Array())).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

describe("ECR's wider syntax of an image digest", () => {
  test.each([`sha256:${HEX64}`, 'sha256:ABCDEF', 'md5:0', 'a.b_c+d-e:0', `sha256:${HEX64.toUpperCase()}`])(
    'takes %s',
    (text) => {
      expect(hasDigestSyntax(text)).toBe(true);
    },
  );

  test.each([
    'invalid_digest',
    'sha256:invalid-digest',
    '',
    ':',
    'sha256:',
    ':ab',
    'a:b:c',
    'a/b:00',
    'sha256:00\n',
    'é:00',
  ])('refuses %j', (text) => {
    expect(hasDigestSyntax(text)).toBe(false);
  });

  test('ends at 1000 characters', () => {
    expect(hasDigestSyntax(`x:${'0'.repeat(998)}`)).toBe(true);
    expect(hasDigestSyntax(`x:${'0'.repeat(999)}`)).toBe(false);
  });
});
