import { describe, expect, test } from 'vitest';
import { headerOf, queryString, type WireRequest, withHeader, withLine, withoutHeader } from './signers.ts';
import { call, KEY, NOW, refusalOf, signedCall, verify } from './verifying.ts';

const signed = await signedCall();
const other = await signedCall('DeleteRepository');
const authorization = headerOf(signed, 'authorization');
const [credential = '', signedHeaders = '', signature = ''] = authorization
  .replace('AWS4-HMAC-SHA256 ', '')
  .split(', ');

const withAuthorization = (value: string): WireRequest => withHeader(signed, 'authorization', () => value);
const withSignedHeaders = (names: string) =>
  withAuthorization(`AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, ${signature}`);
const withSignature = (hex: string) =>
  withAuthorization(`AWS4-HMAC-SHA256 ${credential}, ${signedHeaders}, Signature=${hex}`);
const withCredential = (text: string) =>
  withAuthorization(`AWS4-HMAC-SHA256 Credential=${text}, ${signedHeaders}, ${signature}`);

describe('SIG-01 the form of the Authorization header', () => {
  test.each([
    ['a space after each comma', `${credential}, ${signedHeaders}, ${signature}`],
    ['no space after a comma', `${credential},${signedHeaders},${signature}`],
    ['several spaces after a comma', `${credential},   ${signedHeaders},  ${signature}`],
    ['its parameters in another order', `${signature}, ${credential}, ${signedHeaders}`],
  ])('%s is accepted', (_, parameters) => {
    expect(verify(withAuthorization(`AWS4-HMAC-SHA256 ${parameters}`)).accessKeyId).toBe(KEY.id);
  });

  test.each([
    ['two spaces after the algorithm', `AWS4-HMAC-SHA256  ${credential}, ${signedHeaders}, ${signature}`],
    ['a leading space', ` ${authorization}`],
    ['a trailing space', `${authorization} `],
    ['a trailing comma', `${authorization},`],
    ['an empty parameter', `AWS4-HMAC-SHA256 ${credential},, ${signedHeaders}, ${signature}`],
    ['spaces instead of commas', `AWS4-HMAC-SHA256 ${credential} ${signedHeaders} ${signature}`],
    ['a parameter twice', `${authorization}, ${signature}`],
    ['the same parameter twice and another not at all', `AWS4-HMAC-SHA256 ${credential}, ${credential}, ${signature}`],
    ['a parameter nobody knows', `${authorization}, Region=us-east-1`],
    ['a parameter in another case', authorization.replace('Credential', 'credential')],
    ['a parameter without a value sign', `AWS4-HMAC-SHA256 Credential, ${signedHeaders}, ${signature}`],
    ['a space before the value sign', authorization.replace('Signature=', 'Signature =')],
    ['no parameters', 'AWS4-HMAC-SHA256 '],
  ])('%s is IncompleteSignature', (_, value) => {
    expect(refusalOf(withAuthorization(value))).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
  });

  test('each parameter that is missing or empty is named, in one answer', () => {
    expect(refusalOf(withAuthorization(`AWS4-HMAC-SHA256 ${signedHeaders}`)).message).toBe(
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter.",
    );
    expect(refusalOf(withAuthorization('AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=')).message).toBe(
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
    );
  });

  test('no Authorization header at all, or an empty one, is MissingAuthenticationToken', () => {
    const refusal = { code: 'MissingAuthenticationToken', message: 'Missing Authentication Token', when: 'head' };
    expect(refusalOf(withoutHeader(signed, 'authorization'))).toEqual(refusal);
    expect(refusalOf(withAuthorization(''))).toEqual(refusal);
  });
});

describe('SIG-02 and SIG-26 no algorithm but AWS4-HMAC-SHA256', () => {
  test.each([
    ['AWS4-HMAC-SHA256X'],
    ['AWS4-HMAC-SHA1'],
    ['aws4-hmac-sha256'],
    ['AWS4-HMAC-SHA256-PAYLOAD'],
    ['AWS4-HMAC-SHA256\t'],
    ['AWS4-HMAC-SHA256\u00a0'],
    ['Basic'],
    ['Bearer'],
    ['AWS4'],
  ])('%j is IncompleteSignature', (algorithm) => {
    const value = `${algorithm} ${credential}, ${signedHeaders}, ${signature}`;
    expect(refusalOf(withAuthorization(value))).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
  });

  test('anything but a space after the algorithm, a tab and a no-break space included, is IncompleteSignature', () => {
    for (const space of ['\t', '\u00a0', '\u0000', 'X', ',', '']) {
      expect(refusalOf(withAuthorization(authorization.replace(' ', space))).code).toBe('IncompleteSignature');
    }
  });

  test('Signature Version 4A is refused by its name', () => {
    expect(refusalOf(withAuthorization(authorization.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')))).toMatchObject({
      code: 'IncompleteSignature',
      message: 'Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported: sign with AWS4-HMAC-SHA256.',
    });
  });

  test('Signature Version 2 is refused by its name', () => {
    expect(refusalOf(withAuthorization('AWS AKIABERTH:frJIUN8DYpKDtOLCwo//yllqDzg='))).toMatchObject({
      code: 'IncompleteSignature',
      message: 'Signature Version 2 is not supported: sign with AWS4-HMAC-SHA256.',
    });
  });

  test('a header of more than 8 KiB is IncompleteSignature, one of 8 KiB is read', () => {
    const padded = (length: number) =>
      authorization.replace(', Sig', `,${' '.repeat(length - authorization.length + 1)}Sig`);
    expect(padded(8192)).toHaveLength(8192);
    expect(verify(withAuthorization(padded(8192))).trust).toBe('verified');
    expect(refusalOf(withAuthorization(padded(8193))).code).toBe('IncompleteSignature');
  });

  test('a header of nothing but spaces, commas or equal signs is answered at once', () => {
    const before = performance.now();
    for (const character of [' ', ',', '=', ';', '/']) {
      const values = [character.repeat(8000), `AWS4-HMAC-SHA256 ${character.repeat(8000)}`];
      for (const value of values) expect(refusalOf(withAuthorization(value)).code).toBe('IncompleteSignature');
      expect(refusalOf(withSignedHeaders(character.repeat(7000))).code).toBe('IncompleteSignature');
    }
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('no answer repeats what the Authorization header held', () => {
    for (const value of [
      'hunter2',
      'Bearer hunter2',
      'AWS4-HMAC-SHA256 hunter2=hunter2',
      'AWS4-HMAC-SHA256 Credential=hunter2',
      'AWS hunter2:x',
    ]) {
      expect(refusalOf(withAuthorization(value)).message).not.toContain('hunter2');
    }
    expect(refusalOf(withCredential('hunter2/a/b/c')).message).not.toContain('hunter2');
    expect(refusalOf(withSignature('hunter2')).message).not.toContain('hunter2');
  });
});

describe('SIG-03 the credential', () => {
  const scope = '20261123/us-east-1/ecr/aws4_request';

  test.each([
    ['four parts', 'AKIABERTH/20261123/us-east-1/ecr'],
    ['six parts', `AKIABERTH/${scope}/more`],
    ['a trailing slash', `AKIABERTH/${scope}/`],
    ['a slash in the key id', `AKIA/BERTH/${scope}`],
    ['no key id', `/${scope}`],
    ['an encoded slash in the key id', `AKIA%2FBERTH/${scope}`],
    ['a space in the key id', `AKIA BERTH/${scope}`],
    ['a key id of 129 characters', `${'A'.repeat(129)}/${scope}`],
    ['digits that are not ASCII', `AKIABERTH/２０２６１１２３/us-east-1/ecr/aws4_request`],
  ])('%s is IncompleteSignature', (_, text) => {
    expect(refusalOf(withCredential(text))).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
  });

  test.each([
    ['an empty day', 'AKIABERTH//us-east-1/ecr/aws4_request'],
    ['an empty region', 'AKIABERTH/20261123//ecr/aws4_request'],
    ['an empty service', 'AKIABERTH/20261123/us-east-1//aws4_request'],
    ['an empty terminator', 'AKIABERTH/20261123/us-east-1/ecr/'],
    ['an encoded slash in the scope', 'AKIABERTH/20261123/us%2Feast/ecr/aws4_request'],
  ])('%s is InvalidSignature', (_, text) => {
    expect(refusalOf(withCredential(text))).toMatchObject({ code: 'InvalidSignature', when: 'head' });
  });

  test('the case of a key id counts', () => {
    expect(refusalOf(withCredential(`akiaberth/${scope}`)).code).toBe('UnrecognizedClient');
  });
});

describe('SIG-04 the signed headers', () => {
  const names = signedHeaders.slice('SignedHeaders='.length).split(';');

  test('the SDK signs more than two headers, so the cases below mean something', () => {
    expect(names).toEqual(['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-target']);
  });

  test.each([
    ['nothing but a separator', ';'],
    ['a separator at the end', `${names.join(';')};`],
    ['a separator at the start', `;${names.join(';')}`],
    ['two separators in a row', names.join(';;')],
    ['names that are not sorted', names.toReversed().join(';')],
    ['a name twice', [...names, names.at(-1)].join(';')],
    ['a name in upper case', names.join(';').replace('host', 'Host')],
    ['spaces between names', names.join('; ')],
    ['a name with a colon', `${names.join(';')};x:y`],
    ['101 names', Array.from({ length: 101 }, (_, i) => `h${1000 + i}`).join(';')],
  ])('%s is IncompleteSignature', (_, list) => {
    expect(refusalOf(withSignedHeaders(list))).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
  });

  test('a name that is not in the request is InvalidSignature, and named', () => {
    expect(refusalOf(withSignedHeaders([...names, 'x-zeta'].join(';')))).toMatchObject({
      code: 'InvalidSignature',
      message: 'There were signed headers which are not present in the request: x-zeta',
    });
  });

  test('many names that are not in the request are named in a bounded answer', () => {
    const absent = Array.from({ length: 90 }, (_, i) => `z${100 + i}${'a'.repeat(60)}`);
    const { message } = refusalOf(withSignedHeaders([...names, ...absent].join(';')));
    expect(message).toMatch(/z109a+, \.\.\.$/);
    expect(message.length).toBeLessThan(1200);
  });

  test('authorization cannot sign itself', () => {
    expect(refusalOf(withSignedHeaders(['authorization', ...names].join(';')))).toMatchObject({
      code: 'InvalidSignature',
      message: "'Authorization' cannot be a 'SignedHeader'.",
    });
  });
});

describe('SIG-05 the signature', () => {
  const hex = signature.slice('Signature='.length);

  test.each([
    ['63 digits', hex.slice(1)],
    ['65 digits', `${hex}0`],
    ['128 digits', hex + hex],
    ['upper-case digits', hex.toUpperCase()],
    ['one upper-case digit', hex.replace(/[a-f]/, (digit) => digit.toUpperCase())],
    ['a letter that is no digit', `${hex.slice(1)}z`],
    ['base64', Buffer.from(hex, 'hex').toString('base64')],
    ['a digit and then something else', `0${'z'.repeat(63)}`],
  ])('%s is IncompleteSignature', (_, text) => {
    expect(refusalOf(withSignature(text))).toMatchObject({ code: 'IncompleteSignature', when: 'head' });
  });

  test('64 digits that are not the signature are InvalidSignature, which tells nothing of the one that was expected', () => {
    const refusal = refusalOf(withSignature('0'.repeat(64)));
    expect(refusal).toMatchObject({ code: 'InvalidSignature', when: 'body' });
    expect(refusal.message).toMatch(/^The request signature we calculated does not match the signature you provided\./);
    expect(refusal.message).not.toContain(hex);
  });
});

describe('SIG-06 one way of signing', () => {
  test.each(['first', 'last'] as const)(
    'a second Authorization header that comes %s is IncompleteSignature',
    (where) => {
      for (const value of [headerOf(other, 'authorization'), authorization, 'Basic QVdTOng=']) {
        expect(refusalOf(withLine(signed, 'authorization', value, where))).toMatchObject({
          code: 'IncompleteSignature',
          message: 'Authorization header must appear exactly once.',
        });
      }
    },
  );

  test.each([
    'X-Amz-Signature',
    'x-amz-signature',
    'X-Amz-Algorithm',
    'X-Amz-Security-Token',
    'X-Amz-Target',
    'X%2DAmz-Credential',
  ])('the query parameter %s beside an Authorization header is InvalidSignature', (name) => {
    expect(refusalOf({ ...signed, target: `/?${name}=x` })).toMatchObject({ code: 'InvalidSignature', when: 'head' });
  });

  test('a query parameter that is signed by the header is refused all the same when its name starts with x-amz-', async () => {
    const request = await signedCall('ListImages', {}, { query: [['X-Amz-Target', 'x']] });
    expect(refusalOf(request).message).toMatch(/^Signatures are taken from the Authorization header only/);
    expect(verify(await signedCall('ListImages', {}, { query: [['Amz-Target', 'x']] })).trust).toBe('verified');
  });

  test('a request that is signed in its query is IncompleteSignature, with a hint at the header', () => {
    const query = queryString([
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['X-Amz-Credential', 'AKIABERTH/20261123/us-east-1/ecr/aws4_request'],
      ['X-Amz-Date', new Date(NOW).toISOString()],
      ['X-Amz-Signature', '0'.repeat(64)],
    ]);
    const presigned = { ...signed, target: `/${query}`, headers: Object.entries(call('ListImages').headers) };
    expect(refusalOf(presigned)).toMatchObject({
      code: 'IncompleteSignature',
      message:
        "Signatures are taken from the Authorization header only: the query string must have no 'X-Amz-*' parameter.",
    });
  });
});
