import { describe, expect, it } from 'vitest';
import { boolean, integer, list, required, string, structure } from '../../../src/aws/shapes/declare.ts';
import { parse } from '../../../src/aws/shapes/parse.ts';
import { refusal, violation } from './refusal.ts';

interface Id {
  digest?: string | undefined;
  tag?: string | undefined;
}
interface Filter {
  status?: 'TAGGED' | 'ANY' | undefined;
  types?: string[] | undefined;
}
interface Request {
  account?: string | undefined;
  name: string | undefined;
  ids?: Id[] | undefined;
  filter?: Filter | undefined;
  pairs?: { key: string | undefined; on?: boolean | undefined }[] | undefined;
  limit: number | undefined;
}

const Account = string({ pattern: { printed: '[0-9]{2}', expression: /^[0-9]{2}$/ } });
const Shape = structure<Request>({
  account: Account,
  name: required(string({ min: 2 })),
  ids: list(structure<Id>({ digest: string(), tag: string({ min: 1, max: 3 }) }), { min: 1, max: 2 }),
  filter: structure<Filter>({
    status: string({ enum: ['TAGGED', 'ANY'] }),
    types: list(string({ min: 1, max: 2 }), { min: 0, max: 3 }),
  }),
  pairs: list(
    structure<{ key: string | undefined; on?: boolean | undefined }>({ key: required(string()), on: boolean() }),
  ),
  limit: required(integer({ max: 9 })),
});
const VALID = { name: 'ab', limit: 1 };

describe('a structure', () => {
  it('holds its declared members, in fresh objects, and nothing else', () => {
    const ids = [{ tag: 'a', extra: 1 }];
    const input = parse(Shape, { ...VALID, ids, Name: 'other case', unknown: { deep: [] } });
    expect(input).toEqual({ name: 'ab', limit: 1, ids: [{ tag: 'a' }] });
    expect(input.ids).not.toBe(ids);
    expect(input.ids?.[0]).not.toBe(ids[0]);
  });

  it('takes null for absence', () => {
    const input = parse(Shape, { ...VALID, account: null, ids: null, filter: { status: null } });
    expect(input).toEqual({ name: 'ab', limit: 1, filter: {} });
    expect('account' in input).toBe(false);
  });

  it('misses required members before it looks at what the others say, the first declared first', () => {
    expect(refusal(Shape, { account: 'x' })).toBe(violation('name', 'Member must not be null'));
    expect(refusal(Shape, { account: 'x', name: 'ab' })).toBe(violation('limit', 'Member must not be null'));
    expect(refusal(Shape, { name: null, limit: 1 })).toBe(violation('name', 'Member must not be null'));
    expect(refusal(Shape, { Name: 'ab', limit: 1 })).toBe(violation('name', 'Member must not be null'));
  });

  it('reports the first violation in the order of declaration, not of the request', () => {
    expect(refusal(Shape, { limit: 10, ids: [], name: 'a', account: 'x' })).toContain("at 'account'");
    expect(refusal(Shape, { limit: 10, ids: [], name: 'a' })).toContain("at 'name'");
    expect(refusal(Shape, { limit: 10, ids: [], name: 'ab' })).toContain("at 'ids'");
    expect(refusal(Shape, { limit: 10, name: 'ab' })).toContain("at 'limit'");
  });

  it('settles types before constraints', () => {
    expect(refusal(Shape, { account: 'x', limit: '1' })).toBe(
      'MalformedRequest: Expected limit to be an integer, found a string',
    );
  });

  it('names members inside it by a dotted path', () => {
    expect(refusal(Shape, { ...VALID, filter: { status: 'tagged' } })).toBe(
      violation('filter.status', 'Member must satisfy enum value set: [TAGGED, ANY]'),
    );
    expect(refusal(Shape, { ...VALID, filter: 'ANY' })).toBe(
      'MalformedRequest: Expected filter to be an object, found a string',
    );
  });

  it('is nothing but a JSON object', () => {
    for (const [json, found] of [
      [null, 'null'],
      [[], 'a list'],
      ['{}', 'a string'],
      [0, 'the number 0'],
    ]) {
      expect(refusal(Shape, json)).toBe(`MalformedRequest: Expected the request to be an object, found ${found}`);
    }
  });
});

describe('a list', () => {
  it('is taken at both edges of its length and refused one step beyond them', () => {
    expect(refusal(Shape, { ...VALID, ids: [{}] })).toBe('accepted');
    expect(refusal(Shape, { ...VALID, ids: [{}, {}] })).toBe('accepted');
    expect(refusal(Shape, { ...VALID, ids: [] })).toBe(
      violation('ids', 'Member must have length greater than or equal to 1'),
    );
    expect(refusal(Shape, { ...VALID, ids: [{}, {}, {}] })).toBe(
      violation('ids', 'Member must have length less than or equal to 2'),
    );
    expect(refusal(Shape, { ...VALID, filter: { types: [] } })).toBe('accepted');
  });

  it('is refused for its length before its members are looked at', () => {
    expect(refusal(Shape, { ...VALID, ids: [{ tag: '' }, {}, {}] })).toContain("at 'ids' failed");
  });

  it('of scalars is refused as a whole, with everything its members must satisfy', () => {
    const Registries = structure<{ ids?: string[] }>({ ids: list(Account, { min: 1, max: 10 }) });
    expect(refusal(Registries, { ids: ['12', '1'] })).toBe(
      violation('ids', 'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{2}]'),
    );
    expect(refusal(Shape, { ...VALID, filter: { types: ['a', 'abc'] } })).toBe(
      violation(
        'filter.types',
        'Member must satisfy constraint: [Member must have length less than or equal to 2, Member must have length greater than or equal to 1]',
      ),
    );
  });

  it("of scalars speaks the model's words even where the scalar alone would speak the service's", () => {
    const Names = structure<{ names?: string[] }>({
      names: list(
        string({ min: 2, max: 3, pattern: { printed: '[a-z]+', expression: /^[a-z]+$/ }, wording: 'service' }),
      ),
    });
    expect(refusal(Names, { names: ['A'] })).toBe(
      violation(
        'names',
        'Member must satisfy constraint: [Member must have length less than or equal to 3, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+]',
      ),
    );
  });

  it('of structures is refused where the violation stands, counted from 1', () => {
    expect(refusal(Shape, { ...VALID, ids: [{ tag: 'a' }, { tag: '' }] })).toBe(
      violation('ids.2.member.tag', 'Member must have length greater than or equal to 1'),
    );
    expect(refusal(Shape, { ...VALID, pairs: [{ on: true }] })).toBe(
      violation('pairs.1.member.key', 'Member must not be null'),
    );
    expect(refusal(Shape, { ...VALID, ids: [{ tag: 7 }] })).toBe(
      'MalformedRequest: Expected ids.1.member.tag to be a string, found the number 7',
    );
    expect(refusal(Shape, { ...VALID, ids: ['a'] })).toBe(
      'MalformedRequest: Expected ids.1.member to be an object, found a string',
    );
  });

  it('has no place for null', () => {
    expect(refusal(Shape, { ...VALID, ids: [{}, null] })).toBe(violation('ids.2.member', 'Member must not be null'));
    expect(refusal(Shape, { ...VALID, filter: { types: [null] } })).toBe(
      violation('filter.types.1.member', 'Member must not be null'),
    );
  });

  it('is nothing but a JSON list', () => {
    for (const ids of [{}, { 0: {}, length: 1 }, 'a', 1, true]) {
      expect(refusal(Shape, { ...VALID, ids })).toContain('MalformedRequest: Expected ids to be a list');
    }
  });
});

describe('hostile names', () => {
  it('cannot reach the prototype of what is made, nor of anything else', () => {
    const json: unknown = JSON.parse(
      '{"name":"ab","limit":1,"__proto__":{"account":"12"},"constructor":{"prototype":{"polluted":1}},"ids":[{"__proto__":{"tag":"x"}}]}',
    );
    const input = parse(Shape, json);
    expect(input.account).toBeUndefined();
    expect(input.ids?.[0]?.tag).toBeUndefined();
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
    expect(Object.getOwnPropertyNames(input).toSorted()).toEqual(['ids', 'limit', 'name']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('are not found on the prototype of what was sent', () => {
    const inherited = Object.create({ name: 'ab', limit: 1 });
    expect(refusal(Shape, inherited)).toBe(violation('name', 'Member must not be null'));
    const Odd = structure<{ valueOf: string; constructor: string }>({
      valueOf: required(string()),
      constructor: required(string()),
    });
    expect(refusal(Odd, { valueOf: 'own' })).toBe(violation('constructor', 'Member must not be null'));
    expect(refusal(Odd, { valueOf: 'own', constructor: 'own' })).toBe('accepted');
  });
});
