import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blob, boolean, integer, long, string, structure } from '../../../src/aws/shapes/declare.ts';
import { parse } from '../../../src/aws/shapes/parse.ts';
import { refusal, violation } from './refusal.ts';

const Named = structure<{ name?: string }>({ name: string({ min: 2, max: 4 }) });

describe('a string', () => {
  it('is taken at both edges of its length and refused one step beyond them', () => {
    expect(refusal(Named, { name: 'ab' })).toBe('accepted');
    expect(refusal(Named, { name: 'abcd' })).toBe('accepted');
    expect(refusal(Named, { name: 'a' })).toBe(violation('name', 'Member must have length greater than or equal to 2'));
    expect(refusal(Named, { name: '' })).toBe(violation('name', 'Member must have length greater than or equal to 2'));
    expect(refusal(Named, { name: 'abcde' })).toBe(
      violation('name', 'Member must have length less than or equal to 4'),
    );
  });

  it('is measured in characters, not in bytes or halves of surrogate pairs', () => {
    expect(refusal(Named, { name: '🐳🐳🐳🐳' })).toBe('accepted');
    expect(refusal(Named, { name: 'éééé' })).toBe('accepted');
    expect(refusal(Named, { name: '\u{10000}\u{10000}\u{10ffff}\u{10ffff}' })).toBe('accepted');
    expect(refusal(Named, { name: '\ud7ff\ue000\uffff\uffff' })).toBe('accepted');
    expect(refusal(Named, { name: '🐳' })).toContain('greater than or equal to 2');
    expect(refusal(Named, { name: '🐳🐳🐳🐳🐳' })).toContain('less than or equal to 4');
  });

  it('is measured as its iterator counts, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 8 }), (name) => {
        const length = [...name].length;
        expect(refusal(Named, { name }) === 'accepted').toBe(length >= 2 && length <= 4);
      }),
    );
  });

  it('is refused if half of a surrogate pair stands in it', () => {
    expect(refusal(Named, { name: 'ab\ud83d' })).toBe(
      'MalformedRequest: Expected name to be well-formed Unicode, found a string',
    );
  });

  it('is refused in the words of the model when its pattern does not match the whole of it', () => {
    const shape = structure<{ id?: string }>({
      id: string({ pattern: { printed: '[0-9]{3}', expression: /^[0-9]{3}$/ } }),
    });
    const refused = violation('id', 'Member must satisfy regular expression pattern: [0-9]{3}');
    expect(refusal(shape, { id: '123' })).toBe('accepted');
    for (const id of ['', '12', '1234', 'x123', '123\n', ' 123']) expect(refusal(shape, { id })).toBe(refused);
  });

  it('is refused in the words of the service if its declaration says so', () => {
    const shape = structure<{ name?: string }>({
      name: string({ min: 2, max: 3, pattern: { printed: '[a-z]+', expression: /^[a-z]+$/ }, wording: 'service' }),
    });
    expect(refusal(shape, { name: 'ab' })).toBe('accepted');
    expect(refusal(shape, { name: 'AB' })).toBe(violation('name', "must satisfy regular expression '[a-z]+'"));
    expect(refusal(shape, { name: 'A' })).toBe(violation('name', 'must have length greater than or equal to 2'));
    expect(refusal(shape, { name: 'ABCD' })).toBe(violation('name', 'must have length less than or equal to 3'));
  });

  it('is one of the values of its enum, to the letter', () => {
    const shape = structure<{ mode?: 'A' | 'B' }>({ mode: string({ enum: ['A', 'B'] }) });
    const refused = violation('mode', 'Member must satisfy enum value set: [A, B]');
    expect(parse(shape, { mode: 'B' })).toEqual({ mode: 'B' });
    for (const mode of ['a', '', 'AB', 'constructor', '__proto__']) expect(refusal(shape, { mode })).toBe(refused);
  });

  it('is nothing but a JSON string', () => {
    for (const [name, found] of [
      [5, 'the number 5'],
      [true, 'a boolean'],
      [['ab'], 'a list'],
      [{}, 'an object'],
    ]) {
      expect(refusal(Named, { name })).toBe(`MalformedRequest: Expected name to be a string, found ${found}`);
    }
  });
});

describe('a number', () => {
  const Numbers = structure<{ small?: number; big?: number }>({
    small: integer({ min: 1, max: 1000 }),
    big: long({ min: 0 }),
  });

  it('is taken at both edges of its range and refused one step beyond them', () => {
    expect(refusal(Numbers, { small: 1, big: 0 })).toBe('accepted');
    expect(refusal(Numbers, { small: 1000, big: Number.MAX_SAFE_INTEGER })).toBe('accepted');
    expect(refusal(Numbers, { small: 0 })).toBe(
      violation('small', 'Member must have value greater than or equal to 1'),
    );
    expect(refusal(Numbers, { small: 1001 })).toBe(
      violation('small', 'Member must have value less than or equal to 1000'),
    );
    expect(refusal(Numbers, { big: -1 })).toBe(violation('big', 'Member must have value greater than or equal to 0'));
  });

  it('is refused where JavaScript would round it or an integer would overflow', () => {
    for (const text of ['1.5', '9007199254740993', '1e400', '-1e400', '1e-7']) {
      expect(refusal(Numbers, JSON.parse(`{"big":${text}}`))).toContain('Expected big to be an integer, found');
    }
    const unbounded = structure<{ n?: number }>({ n: integer() });
    expect(refusal(unbounded, { n: 2 ** 31 - 1 })).toBe('accepted');
    expect(refusal(unbounded, { n: -(2 ** 31) })).toBe('accepted');
    for (const n of [2 ** 31, -(2 ** 31) - 1]) {
      expect(refusal(unbounded, { n })).toContain('Expected n to be an integer of 32 bits');
    }
  });

  it('has one zero', () => {
    expect(Object.is(parse(Numbers, JSON.parse('{"big":-0}')).big, 0)).toBe(true);
  });

  it('is nothing but a JSON number', () => {
    for (const big of ['5', true, [], {}]) expect(refusal(Numbers, { big })).toContain('Expected big to be an integer');
  });
});

describe('a boolean', () => {
  it('is true or false and nothing that looks like them', () => {
    const shape = structure<{ force?: boolean }>({ force: boolean() });
    expect(parse(shape, { force: false })).toEqual({ force: false });
    expect(parse(shape, { force: true })).toEqual({ force: true });
    for (const force of ['true', 1, 0, [], {}]) {
      expect(refusal(shape, { force })).toContain('MalformedRequest: Expected force to be a boolean');
    }
  });
});

describe('a blob', () => {
  const Part = structure<{ bytes?: Uint8Array }>({ bytes: blob({ min: 1, max: 3 }) });

  it('is taken from base64 and measured in bytes', () => {
    expect([...(parse(Part, { bytes: 'AQID' }).bytes ?? [])]).toEqual([1, 2, 3]);
    expect(refusal(Part, { bytes: '' })).toBe(violation('bytes', 'Member must have length greater than or equal to 1'));
    expect(refusal(Part, { bytes: 'AQIDBA==' })).toBe(
      violation('bytes', 'Member must have length less than or equal to 3'),
    );
  });

  it('is refused in every spelling of base64 but the canonical one', () => {
    for (const bytes of ['AQ', 'AQ=', 'AR==', 'AQ==\n', 'A Q==', 'AQ==!', '-_8=', '=', 'AQ==AQ==', 'ÀQ==']) {
      expect(refusal(Part, { bytes })).toContain('Expected bytes to be canonical base64');
    }
    expect(refusal(Part, { bytes: [1, 2] })).toContain('Expected bytes to be a base64 string, found a list');
  });

  it('gives back any bytes that were encoded', () => {
    const Any = structure<{ bytes?: Uint8Array }>({ bytes: blob() });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const parsed = parse(Any, { bytes: Buffer.from(bytes).toString('base64') }).bytes ?? [];
        expect([...parsed]).toEqual([...bytes]);
      }),
    );
  });
});
