import * as sdk from '@aws-sdk/client-ecr';
import { beforeAll, describe, expect, test } from 'vitest';
import { admit } from '../../../src/aws/sigv4/verify.ts';
import { headOf, type WireRequest, withHeader, withLine, withoutHeader } from './signers.ts';
import { call, KEY, refusalOf, signedCall, strict, trusting, verify, WRONG_SIGNATURE } from './verifying.ts';

const UNSIGNED = 'There were headers present in the request which were not signed';
const STRANGER = { ...KEY, id: 'test' };

describe('SIG-20 the host', () => {
  test('must be signed', async () => {
    expect(refusalOf(await signedCall('ListImages', { leaveUnsigned: ['host'] }))).toEqual({
      code: 'InvalidSignature',
      message: "'Host' must be a 'SignedHeader' in the AWS Authorization.",
      when: 'head',
    });
  });

  test('must be there, and once', async () => {
    const request = await signedCall();
    expect(refusalOf(withoutHeader(request, 'host')).code).toBe('InvalidSignature');
    for (const where of ['first', 'last'] as const) {
      for (const host of ['evil', 'localhost:4327']) {
        expect(refusalOf(withLine(request, 'host', host, where)).message).toBe(
          "The header 'host' must appear exactly once in the request",
        );
      }
    }
  });

  test('keeps its port, and is the one that was signed', async () => {
    const request = await signedCall();
    for (const host of ['localhost', 'localhost:4328', 'LOCALHOST:4327', 'localhost:4327.']) {
      expect(refusalOf(withHeader(request, 'host', () => host)).message).toBe(WRONG_SIGNATURE);
    }
  });
});

describe('SIG-21 headers that were not signed', () => {
  test.each(['X-Amz-Security-Token', 'X-Amz-Foo', 'x-amz-copy-source', 'X-AMZ-ACL', 'x-amz-'])(
    '%s is refused and named',
    async (name) => {
      const refusal = { code: 'InvalidSignature', message: `${UNSIGNED}: ${name.toLowerCase()}`, when: 'head' };
      expect(refusalOf(withLine(await signedCall(), name, 'x', 'last'))).toEqual(refusal);
      expect(
        refusalOf(withLine(await signedCall('ListImages', { key: STRANGER }), name, 'x', 'last'), trusting()),
      ).toEqual(refusal);
    },
  );

  test.each(['x-amz-target', 'x-amz-date', 'x-amz-content-sha256', 'content-type'])(
    '%s is refused when its signer left it out',
    async (name) => {
      expect(refusalOf(await signedCall('ListImages', { leaveUnsigned: [name] })).message).toBe(`${UNSIGNED}: ${name}`);
    },
  );

  test('all of them are named, values never', async () => {
    const request = withLine(withLine(await signedCall(), 'X-Amz-B', 'hunter2', 'first'), 'X-Amz-A', 'hunter2', 'last');
    expect(refusalOf(request).message).toBe(`${UNSIGNED}: x-amz-b, x-amz-a`);
  });

  test('a thousand of them have a bounded answer', async () => {
    const headers = Array.from({ length: 1000 }, (_, i) => [`x-amz-${i}${'a'.repeat(200)}`, 'x'] as const);
    const request = await signedCall();
    const { message } = refusalOf({ ...request, headers: [...request.headers, ...headers] });
    expect(message.length).toBeLessThan(1200);
  });

  test('headers that proxies add, or that no SDK signs, need no signature', async () => {
    const added = [
      'X-Amzn-Trace-Id',
      'X-Forwarded-For',
      'User-Agent',
      'Connection',
      'Accept',
      'X-Amzn-RequestId',
      'Via',
      'xx-amz-y',
    ];
    const request = added.reduce((arriving, name) => withLine(arriving, name, 'x', 'last'), await signedCall());
    expect(verify(request).trust).toBe('verified');
  });
});

describe('SIG-22 the target cannot be swapped', () => {
  const operations = Object.keys(sdk)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.replace(/Command$/, ''));
  const target = (operation: string) => `AmazonEC2ContainerRegistry_V20150921.${operation}`;
  let signed: readonly { readonly operation: string; readonly whole: WireRequest; readonly lacking: WireRequest }[] =
    [];

  beforeAll(async () => {
    signed = await Promise.all(
      operations.map(async (operation) => {
        const { 'X-Amz-Target': _, ...headers } = call(operation).headers;
        return { operation, whole: await signedCall(operation), lacking: await signedCall(operation, {}, { headers }) };
      }),
    );
  });

  test('the matrix below is that of every operation there is', () => {
    expect(operations.length).toBeGreaterThanOrEqual(58);
    expect(operations).toEqual(
      expect.arrayContaining(['DescribeImages', 'BatchDeleteImage', 'DeleteRepository', 'ListImages']),
    );
    for (const { whole, lacking } of signed) {
      expect(verify(whole).trust).toBe('verified');
      expect(verify(lacking).trust).toBe('verified');
    }
  });

  const SWAPS: Readonly<
    Record<string, (requests: { whole: WireRequest; lacking: WireRequest }, operation: string) => WireRequest>
  > = {
    replaced: ({ whole }, operation) => withHeader(whole, 'x-amz-target', () => target(operation)),
    'added to a request that was signed without one': ({ lacking }, operation) =>
      withLine(lacking, 'X-Amz-Target', target(operation), 'last'),
    'put before the signed one': ({ whole }, operation) => withLine(whole, 'X-Amz-Target', target(operation), 'first'),
    'put after the signed one': ({ whole }, operation) => withLine(whole, 'X-Amz-Target', target(operation), 'last'),
    'put after the signed one in lower case': ({ whole }, operation) =>
      withLine(whole, 'x-amz-target', target(operation), 'last'),
    'put before the signed one in upper case': ({ whole }, operation) =>
      withLine(whole, 'X-AMZ-TARGET', target(operation), 'first'),
    'joined to the signed one by a comma': ({ whole }, operation) =>
      withHeader(whole, 'x-amz-target', (own) => `${target(operation)}, ${own}`),
    'folded under the signed one': ({ whole }, operation) =>
      withHeader(whole, 'x-amz-target', (own) => `${own}\r\n ${target(operation)}`),
    'moved into the query': ({ lacking }, operation) => ({ ...lacking, target: `/?X-Amz-Target=${target(operation)}` }),
    'moved into the query beside the signed one': ({ whole }, operation) => ({
      ...whole,
      target: `/?x-amz-target=${target(operation)}`,
    }),
  };

  test.each(Object.entries(SWAPS))('by a target that is %s', (_, swap) => {
    let refused = 0;
    for (const requests of signed) {
      for (const operation of operations) {
        if (operation === requests.operation) continue;
        if (refusalOf(swap(requests, operation)).code === 'InvalidSignature') refused += 1;
      }
    }
    expect(refused).toBe(operations.length * (operations.length - 1));
  });

  test('a key that is taken on trust cannot carry two targets either, nor one that it did not sign', async () => {
    const whole = await signedCall('DescribeImages', { key: STRANGER });
    const lacking = await signedCall('DescribeImages', { key: STRANGER, leaveUnsigned: ['x-amz-target'] });
    for (const where of ['first', 'last'] as const) {
      const twice = withLine(whole, 'x-amz-target', target('BatchDeleteImage'), where);
      expect(refusalOf(twice, trusting()).code).toBe('InvalidSignature');
    }
    const swapped = withHeader(lacking, 'x-amz-target', () => target('BatchDeleteImage'));
    expect(refusalOf(swapped, trusting()).message).toBe(`${UNSIGNED}: x-amz-target`);
  });
});

describe('SIG-23 the content type', () => {
  test('is bound when it is there', async () => {
    const request = await signedCall();
    expect(refusalOf(withHeader(request, 'content-type', () => 'application/x-www-form-urlencoded')).message).toBe(
      WRONG_SIGNATURE,
    );
    for (const where of ['first', 'last'] as const) {
      const twice = withLine(request, 'content-type', 'application/x-www-form-urlencoded', where);
      expect(refusalOf(twice)).toMatchObject({ code: 'InvalidSignature', when: 'head' });
    }
  });

  test('may be missing as far as the signature goes, but not be added', async () => {
    const { 'Content-Type': _, ...headers } = call('ListImages').headers;
    const request = await signedCall('ListImages', {}, { headers });
    expect(verify(request).trust).toBe('verified');
    expect(refusalOf(withLine(request, 'Content-Type', 'text/plain', 'last')).message).toBe(
      `${UNSIGNED}: content-type`,
    );
  });
});

describe('SIG-24 the body', () => {
  test.each([true, false])('is held to the signature, with x-amz-content-sha256: %s', async (checksum) => {
    const request = await signedCall('ListImages', { checksum });
    for (const body of ['', '{ }', '{"force":true}']) {
      expect(refusalOf({ ...request, body: Buffer.from(body) })).toMatchObject({
        code: 'InvalidSignature',
        when: 'body',
      });
    }
    expect(verify(request).trust).toBe('verified');
  });

  test('a declared hash that is not that of the bytes is refused, for a key on trust as well', async () => {
    const refusal = {
      code: 'InvalidSignature',
      message: "The provided 'x-amz-content-sha256' header does not match what was computed",
      when: 'body',
    };
    const lying = { headers: { ...call('ListImages').headers, 'X-Amz-Content-Sha256': '0'.repeat(64) } };
    expect(refusalOf(await signedCall('ListImages', {}, lying))).toEqual(refusal);
    expect(refusalOf(await signedCall('ListImages', { key: STRANGER }, lying), trusting())).toEqual(refusal);
  });

  test.each([
    'UNSIGNED-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'unsigned-payload',
    '',
    'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
    'required',
  ])('an x-amz-content-sha256 of %j is refused before the body is read, although it is signed', async (value) => {
    const headers = { ...call('ListImages').headers, 'X-Amz-Content-Sha256': value };
    for (const [key, options] of [
      [KEY, strict()],
      [STRANGER, trusting()],
    ] as const) {
      const request = await signedCall('ListImages', { key }, { headers, body: Buffer.alloc(0) });
      expect(refusalOf(request, options)).toMatchObject({ code: 'InvalidSignature', when: 'head' });
    }
  });

  test.each(['gzip', 'aws-chunked', 'aws-chunked,gzip', 'identity, gzip', 'br', ''])(
    'a Content-Encoding of %j is refused before the body is read',
    async (encoding) => {
      const refusal = { code: 'InvalidSignature', when: 'head' };
      const headers = { ...call('ListImages').headers, 'Content-Encoding': encoding };
      expect(refusalOf(await signedCall('ListImages', {}, { headers }))).toMatchObject(refusal);
      expect(refusalOf(withLine(await signedCall(), 'content-encoding', encoding, 'last'))).toMatchObject(refusal);
      const second = withLine(
        withLine(await signedCall(), 'content-encoding', 'identity', 'last'),
        'Content-Encoding',
        encoding,
        'last',
      );
      expect(refusalOf(second)).toMatchObject(refusal);
    },
  );

  test('one admitted head gives a caller for the signed bytes and for no other, however often it is asked', async () => {
    const request = await signedCall();
    const pending = admit(headOf(request), strict());
    expect(() => pending.verify(Buffer.from('{"force":true}'))).toThrow();
    expect(pending.verify(request.body).trust).toBe('verified');
    expect(() => pending.verify(Buffer.from('{"force":true}'))).toThrow();
  });

  test('a large body is hashed whole', async () => {
    const body = Buffer.alloc(12_000_000, 'a');
    const request = await signedCall('UploadLayerPart', {}, { body });
    expect(verify(request).trust).toBe('verified');
    body[body.length - 1] = 98;
    expect(refusalOf({ ...request, body }).code).toBe('InvalidSignature');
  });
});
