import { describe, expect, test } from 'vitest';
import { canonicalHead, canonicalPath, canonicalQuery } from '../../../src/aws/sigv4/canonical-request.ts';
import { readHeaderLines } from '../../../src/aws/sigv4/header-lines.ts';
import { parseTarget } from '../../../src/aws/sigv4/request-target.ts';
import { percentDecode, percentEncode } from '../../../src/aws/sigv4/uri-encoding.ts';
import { type WireRequest, withHeader, withLine, withoutHeader } from './signers.ts';
import { call, refusalOf, signedCall, strict, verify } from './verifying.ts';

const queryOf = (target: string) => canonicalQuery(parseTarget(target).query);
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const withOwnHeader = (value: string) => ({ headers: { ...call('ListImages').headers, 'X-Own': value } });

describe('SIG-07 the path', () => {
  test.each([
    ['/', '/'],
    ['//', '/'],
    ['/./', '/'],
    ['/example/..', '/'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['//example//', '/example/'],
    ['/a/../b/%2e%2e/c', '/b/%252e%252e/c'],
    ['/a%20b', '/a%2520b'],
    ["/!'()*", '/%21%27%28%29%2A'],
    ['/-._~', '/-._~'],
    ['/...', '/...'],
  ])('%s is signed as %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  test.each(['//', '/./', '/v2/', '/%2F', '/x/..', '/#', '/;', '/index.html'])(
    'a request for %s is refused although it is signed, because ECR lives at /',
    async (path) => {
      const request = await signedCall('ListImages', {}, { path });
      expect(refusalOf(request)).toEqual({
        code: 'InvalidSignature',
        message: "The request path must be '/'",
        when: 'head',
      });
      expect(verify(request, strict({ paths: 'any' })).trust).toBe('verified');
    },
  );
});

describe('SIG-08 the query', () => {
  test.each([
    ['/?', ''],
    ['/?a', 'a='],
    ['/?a=', 'a='],
    ['/?=v', '=v'],
    ['/?a=b=c', 'a=b%3Dc'],
    ['/?a+b=c+d', 'a%2Bb=c%2Bd'],
    ['/?a=1;b=2', 'a=1%3Bb%3D2'],
    ['/?&&a=1&&', 'a=1'],
    ['/?b=2&a=1', 'a=1&b=2'],
    ['/?a=2&a=1&a=', 'a=&a=1&a=2'],
    ['/?a-b=1&a=2', 'a=2&a-b=1'],
    ['/?a=1&B=2', 'B=2&a=1'],
    ['/?%61=%7e%2f', 'a=~%2F'],
    ['/?%C3%A9=1&z=2', '%C3%A9=1&z=2'],
    ['/?a?b=1', 'a%3Fb=1'],
    ['/?%FF=%00', '%FF=%00'],
  ])('%s is signed as %s', (target, canonical) => {
    expect(queryOf(target)).toBe(canonical);
  });

  test('a query that was not signed is refused, and one that was is accepted', async () => {
    const request = await signedCall('ListImages');
    for (const target of ['/?a', '/?a=b', '/?='])
      expect(refusalOf({ ...request, target }).code).toBe('InvalidSignature');
    expect(verify({ ...request, target: '/?' }).trust).toBe('verified');
    expect(verify(await signedCall('ListImages', {}, { query: [['a', 'é€😀']] })).trust).toBe('verified');
  });
});

describe('SIG-09 percent-encoding', () => {
  test('encodes each byte but letters, digits, hyphen, dot, underscore and tilde, in upper case', () => {
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    const kept = all.filter((byte) => percentEncode(byte) === byte).join('');
    expect(kept).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
    expect(percentEncode("!'()*/ \u00ff\u0000")).toBe('%21%27%28%29%2A%2F%20%FF%00');
  });

  test('decoding what was encoded gives every byte back', () => {
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
    expect(percentDecode(percentEncode(all))).toBe(all);
  });

  test.each(['%', '%4', '%zz', '%4g', 'a%', '%%41', '%u0041'])('%s is no encoding of anything', (text) => {
    expect(percentDecode(text)).toBeUndefined();
  });

  test('bytes that are no UTF-8 are bytes like others, and a broken escape is refused', async () => {
    expect(percentDecode('%E0%A4')).toBe('\u00e0\u00a4');
    const request = await signedCall();
    for (const target of ['/?%E0%A4%A', '/?a=%', '/?%zz=1']) {
      expect(refusalOf({ ...request, target })).toEqual({
        code: 'InvalidSignature',
        message: 'The query string contains a syntax error',
        when: 'head',
      });
    }
  });
});

describe('SIG-10 the headers', () => {
  const canonicalHeader = (...values: readonly string[]) => {
    const lines = readHeaderLines(values.flatMap((value) => ['X-Own', value]));
    return canonicalHead('POST', parseTarget('/'), lines, ['x-own']).split('\n')[3];
  };

  test.each([
    ['  value  ', 'x-own:value'],
    ['a   b', 'x-own:a b'],
    ['a \t b', 'x-own:a b'],
    ['"a   b"', 'x-own:"a b"'],
    ['', 'x-own:'],
    ['   ', 'x-own:'],
    ['\u00a0a\u00a0', 'x-own:\u00a0a\u00a0'],
  ])('the value %j is signed as %j', (value, line) => {
    expect(canonicalHeader(value)).toBe(line);
  });

  test('several lines of one name are joined by commas in the order of arrival', () => {
    expect(canonicalHeader(' b ', 'a', '')).toBe('x-own:b,a,');
  });

  test('a header signed as one value is accepted as several lines in the same order, and in no other', async () => {
    const request = withoutHeader(await signedCall('ListImages', {}, withOwnHeader('b,a')), 'x-own');
    const inOrder = withLine(withLine(request, 'x-own', 'b', 'last'), 'X-OWN', 'a', 'last');
    const swapped = withLine(withLine(request, 'x-own', 'a', 'last'), 'X-OWN', 'b', 'last');
    expect(verify(inOrder).trust).toBe('verified');
    expect(refusalOf(swapped).code).toBe('InvalidSignature');
  });

  test('names fall to lower case by ASCII alone, so that no other character becomes a letter', () => {
    const lines = readHeaderLines(['\u212aEY', '1', 'KEY', '2', 'X-\u0130', '3']);
    expect([...lines.keys()]).toEqual(['\u212aey', 'key', 'x-\u0130']);
  });

  test('values are taken as the bytes they were on the wire', async () => {
    const request = await signedCall('ListImages', {}, withOwnHeader('caf\u00e9 €'));
    expect(request.headers).toContainEqual(['X-Own', bytes('caf\u00e9 €')]);
    expect(verify(request).trust).toBe('verified');
    expect(refusalOf(withHeader(request, 'x-own', () => 'caf\u00e9 €')).code).toBe('InvalidSignature');
  });

  test('names that objects are born with are names like others', async () => {
    for (const name of ['constructor', 'tostring', 'hasownproperty']) {
      const headers = { ...call('ListImages').headers, [name]: 'x' };
      const request = await signedCall('ListImages', {}, { headers });
      expect(verify(request).trust).toBe('verified');
      expect(refusalOf(withHeader(request, name, () => 'y')).code).toBe('InvalidSignature');
    }
  });
});

describe('SIG-11 and SIG-12 what must not pass even if the HTTP parser lets it', () => {
  const changed = async (change: (request: WireRequest) => WireRequest) => refusalOf(change(await signedCall()));

  test.each([
    ['an absolute-form target', 'http://localhost:4327/'],
    ['an absolute-form target of another host', 'http://evil/'],
    ['an authority-form target', 'localhost:4327'],
    ['an asterisk', '*'],
    ['no target', ''],
    ['a space in the target', '/ /'],
    ['a line end in the target', '/\r\nX: y'],
    ['a character outside ASCII in the target', '/?\u00e9'],
    ['a target of more than 8192 characters', `/?${'a'.repeat(8191)}`],
  ])('%s is refused', async (_, target) => {
    expect(await changed((request) => ({ ...request, target }))).toMatchObject({
      code: 'InvalidSignature',
      when: 'head',
    });
  });

  test.each(['\n', '\r', '\0', '\u007f', '\u0101'])(
    'the character %j in a signed header is refused',
    async (character) => {
      const refusal = await changed((request) =>
        withHeader(request, 'x-amz-target', (value) => `${value}${character}x`),
      );
      expect(refusal).toMatchObject({ code: 'InvalidSignature', when: 'head' });
    },
  );

  test.each(['', 'post', 'PO ST', 'POST\n/', 'P'.repeat(21)])('the method %j is refused', async (method) => {
    expect(await changed((request) => ({ ...request, method }))).toMatchObject({
      code: 'InvalidSignature',
      when: 'head',
    });
  });

  test('a value cannot pretend to be a header of its own', async () => {
    const headers = { ...call('ListImages').headers, 'X-Own': 'a' };
    const request = await signedCall('ListImages', {}, { headers });
    const folded = withHeader(
      withHeader(request, 'x-own', () => ''),
      'x-amz-target',
      (value) => `${value}\nx-own:a`,
    );
    expect(refusalOf(folded).code).toBe('InvalidSignature');
  });
});
