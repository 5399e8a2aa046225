import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonRefusal, parseStrictJson } from '../../src/model/strict-json.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('Strict JSON refuses', () => {
  test.each([
    ['a name given twice', '{"a":1,"a":2}', /"a" stands twice/],
    ['a name given twice, once with an escape', '{"a":1,"\\u0061":2}', /"a" stands twice/],
    ['a name given twice with a pair of surrogates', '{"\u{1f6a2}":1,"\\ud83d\\udea2":2}', /stands twice/],
    ['a name given twice, far down', '{"x":[{"y":{"a":1,"b":2,"a":3}}]}', /"a" stands twice/],
    ['a name given twice around a nested object', '{"a":{"b":1},"c":2,"a":3}', /"a" stands twice/],
    ['__proto__ given twice', '{"__proto__":1,"__proto__":2}', /stands twice/],
    ['an empty name given twice', '{"":1,"":2}', /stands twice/],
    ['a name given twice with space before the colon', '{"a" \n\t\r:1,"a":2}', /stands twice/],
    ['65 levels', nested(65), /64 levels/],
    ['a million levels', nested(1_000_000), /64 levels/],
    ['a million levels that are never closed', '{"a":'.repeat(200_000), /64 levels/],
    ['data after the value', '{} {}', /not valid JSON/],
    ['a comment', '{}//', /not valid JSON/],
    ['a comma at the end', '[1,]', /not valid JSON/],
    ['NaN', 'NaN', /not valid JSON/],
    ['single quotes', "{'a':1}", /not valid JSON/],
    ['a string without an end', '{"a', /not valid JSON/],
    ['a name with a bad escape', '{"\\x":1}', /not valid JSON/],
    ['nothing', '', /not valid JSON/],
    ['brackets that do not pair', '{"a":1]', /not valid JSON/],
    ['a byte order mark', '\uFEFF{}', /byte order mark/],
  ])('%s', (_, text, reason) => {
    expect(() => parse(text)).toThrow(JsonRefusal);
    expect(() => parse(text)).toThrow(reason);
  });

  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a truncated letter', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [...Buffer.from('{"a":1}', 'utf16le')]],
    ['UTF-16 with its mark', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
  ])('bytes that are not UTF-8: %s', (_, bytes) => {
    expect(() => parseStrictJson(Uint8Array.from(bytes))).toThrow(JsonRefusal);
  });

  test('more than 100,000 names, at once', () => {
    const document = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join(',')}}`;
    expect(Object.keys(parse(document(100_000)) as object)).toHaveLength(100_000);
    expect(() => parse(document(100_001))).toThrow(/more than 100000 names/);
  });
});

describe('Strict JSON takes', () => {
  test.each([
    ['64 levels', nested(64)],
    ['the same name in two objects', '[{"a":1},{"a":2}]'],
    ['the same name in an object and in one inside it', '{"a":{"a":1}}'],
    ['a value that is equal to a name', '{"a":"a","b":"a"}'],
    ['strings in a list that are equal', '["a","a"]'],
    ['brackets and quotes inside strings', '{"[{":"\\"}]\\\\","b":"\\""}'],
    ['names that differ in case', '{"a":1,"A":2}'],
  ])('%s', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  test('a member called __proto__ without letting it become a prototype', () => {
    const value = parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value['polluted']).toBeUndefined();
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('every document that JSON.stringify writes, with the same meaning', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), undefined, indent);
        expect(parse(spaced)).toEqual(JSON.parse(spaced));
      }),
      { numRuns: 500 },
    );
  });
});

test('A document that is cut or changed anywhere is refused or means what JSON.parse says', () => {
  const change = fc.tuple(
    fc.json({ maxDepth: 4 }),
    fc.nat(),
    fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ':', ',', '0', ' '),
  );
  fc.assert(
    fc.property(change, ([text, where, insert]) => {
      const at = where % (text.length + 1);
      const damaged = insert === '' ? text.slice(0, at) : text.slice(0, at) + insert + text.slice(at);
      let expected: unknown;
      let valid = true;
      try {
        expected = JSON.parse(damaged);
      } catch {
        valid = false;
      }
      let actual: unknown;
      try {
        actual = parse(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(JsonRefusal);
        if (valid) expect((error as JsonRefusal).message).toMatch(/stands twice/);
        return;
      }
      expect(valid).toBe(true);
      expect(actual).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});
