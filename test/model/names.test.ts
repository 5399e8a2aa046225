import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReference } from '../../src/model/reference.ts';
import { isRegion, isRegistryId } from '../../src/model/registry.ts';
import { parseRepositoryName } from '../../src/model/repository-name.ts';
import { parseTag } from '../../src/model/tag.ts';

describe('A repository name', () => {
  test.each([
    'v2',
    'con',
    'aa',
    '00',
    'a/b',
    'team/app',
    'a.b',
    'a_b',
    'a__b',
    'a---b',
    'a/b/c/d/e/f',
    // Route words are names like any other: paths are read from their end.
    'a/tags/list',
    'a/manifests/x',
    'a/blobs/uploads',
    'manifests',
    'xn--nxasmq6b',
  ])('may be %s', (name) => {
    expect(parseRepositoryName(name)).toBe(name);
  });

  test.each([
    ['', 'nothing'],
    ['a', 'one character'],
    ['..', 'the folder above'],
    ['a/../b', 'a way up'],
    ['../a', 'a way up at the start'],
    ['a//b', 'an empty component'],
    ['/a', 'a slash at the start'],
    ['a/', 'a slash at the end'],
    ['.a', 'a dot at the start'],
    ['a.', 'a dot at the end'],
    ['a..b', 'two dots'],
    ['a___b', 'three underscores'],
    ['a._b', 'two kinds of separator'],
    ['a/.b', 'a component that starts with a dot'],
    ['a-/b', 'a component that ends with a dash'],
    ['A1', 'upper case'],
    ['aB', 'upper case inside'],
    ['a%2fb', 'an encoded slash'],
    ['a%252fb', 'a slash encoded twice'],
    ['a\\b', 'a backslash'],
    ['a\0b', 'NUL'],
    ['%00', 'an encoded NUL'],
    ['_upload', 'an underscore at the start'],
    ['ab\n', 'a newline at the end'],
    ['ab\r\n', 'CR LF at the end'],
    ['\nab', 'a newline at the start'],
    ['ab cd', 'a space'],
    ['caf\u00e9', 'a composed letter'],
    ['cafe\u0301', 'a combining accent'],
    ['a\u202eb', 'a change of direction'],
    ['a\u200db', 'a joiner without width'],
    ['\u212a8s', 'the Kelvin sign'],
    ['\uff41\uff42', 'full-width letters'],
    ['ab:cd', 'a colon'],
    ['ab@cd', 'an at sign'],
    ['__proto__', 'a name with a meaning in JavaScript'],
  ])('is not %j (%s)', (name) => {
    expect(parseRepositoryName(name)).toBeUndefined();
  });

  test('has 2 to 256 characters', () => {
    expect(parseRepositoryName('a'.repeat(256))).toBeDefined();
    expect(parseRepositoryName('a'.repeat(257))).toBeUndefined();
    expect(parseRepositoryName(`${'a/'.repeat(127)}ab`)).toBeDefined();
  });

  test('is told from what is none in time that does not explode', () => {
    const started = performance.now();
    for (const text of [
      'a'.repeat(255),
      'a-'.repeat(127),
      '-'.repeat(255),
      'a/'.repeat(127),
      'a_'.repeat(127),
      '0'.repeat(255),
    ]) {
      expect(parseRepositoryName(`${text}!`)).toBeUndefined();
    }
    expect(performance.now() - started).toBeLessThan(100);
  });

  test('is what the grammar builds', () => {
    const alphanumeric = fc.string({ unit: fc.constantFrom(...'abz059'), minLength: 1, maxLength: 4 });
    const separator = fc.constantFrom('.', '_', '__', '-', '----');
    const component = fc
      .tuple(alphanumeric, fc.array(fc.tuple(separator, alphanumeric), { maxLength: 2 }))
      .map(([first, rest]) => first + rest.flat().join(''));
    const name = fc
      .array(component, { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'))
      .filter((text) => text.length >= 2);
    fc.assert(fc.property(name, (text) => parseRepositoryName(text) === text));
  });

  test('is never anything that leaves a folder when it is joined to one', () => {
    const unit = fc.constantFrom('a', '.', '/', '-', '_', '\\', '%', '\0');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const name = parseRepositoryName(text);
        const parts = name?.split('/') ?? [];
        expect(parts.some((part) => part === '' || part === '.' || part === '..' || /[\\%\0]/.test(part))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('A tag', () => {
  test.each([
    'a',
    '_',
    '1.0',
    'latest',
    'Latest',
    'v1.0-rc_1',
    'sha256-abc',
    'a'.repeat(64),
    'f'.repeat(128),
    't'.repeat(300),
  ])('may be %s', (tag) => {
    expect(parseTag(tag)).toBe(tag);
  });

  test.each([
    '',
    '.a',
    '-a',
    'a b',
    'a/b',
    'a:b',
    `sha256:${'a'.repeat(64)}`,
    'latest@sha256',
    'a+b',
    'caf\u00e9',
    '\u{1f6a2}',
    'a\n',
    'a\0',
    '..',
    't'.repeat(301),
  ])('is not %j', (tag) => {
    expect(parseTag(tag)).toBeUndefined();
  });
});

describe('A reference', () => {
  test('with a colon is a digest or nothing, and without one a tag or nothing', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(parseReference(digest)).toEqual({ digest });
    expect(parseReference('latest')).toEqual({ tag: 'latest' });
    expect(parseReference('sha256:short')).toBeUndefined();
    expect(parseReference(`latest@${digest}`)).toBeUndefined();
    expect(parseReference('-x')).toBeUndefined();
    expect(parseReference('')).toBeUndefined();
  });
});

describe('A registry', () => {
  test('has twelve digits', () => {
    expect(['000000000000', '123456789012'].every(isRegistryId)).toBe(true);
    expect(
      ['', '12345678901', '1234567890123', '12345678901a', '１23456789012', '123456789012\n', ' 23456789012'].some(
        isRegistryId,
      ),
    ).toBe(false);
  });

  test('lies in a region that is one label of a host name', () => {
    expect(['us-east-1', 'onprem-1', 'x', '7', 'a'.repeat(63)].every(isRegion)).toBe(true);
    expect(['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a/b', '..', 'a'.repeat(64), 'a\n'].some(isRegion)).toBe(false);
  });
});
