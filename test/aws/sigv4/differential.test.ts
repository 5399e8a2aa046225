import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit, type RequestHead } from '../../../src/aws/sigv4/verify.ts';
import { Fault } from '../../../src/model/fault.ts';
import { draft, KEYS, MUTATIONS, rearrangement, signing } from './arbitraries.ts';
import { aws4Signer, type Signer, smithy } from './signers.ts';
import { refusalOf, ringOf, strict, trusting, verify } from './verifying.ts';

const SIGNERS: Readonly<Record<string, Signer>> = { '@smithy/signature-v4': smithy, aws4: aws4Signer };
const options = strict({ keys: ringOf(...KEYS), paths: 'any' });
const FAULTS = [
  'MissingAuthenticationToken',
  'IncompleteSignature',
  'InvalidSignature',
  'UnrecognizedClient',
  'ExpiredToken',
];

describe.each(Object.entries(SIGNERS))('what %s signs', (_, sign) => {
  test('is accepted, whatever the request, the order of its lines and the case of their names', async () => {
    await fc.assert(
      fc.asyncProperty(draft, signing, rearrangement, async (unsigned, by, rearrange) => {
        const request = rearrange(await sign(unsigned, by));
        const { accessKeyId, accountId, region, trust } = verify(request, options);
        expect({ accessKeyId, accountId, region, trust }).toEqual({
          accessKeyId: by.key.id,
          accountId: by.key.accountId,
          region: by.region,
          trust: 'verified',
        });
      }),
      { numRuns: 1500 },
    );
  });

  test.each(Object.entries(MUTATIONS))('is refused when %s', async (_, mutate) => {
    await fc.assert(
      fc.asyncProperty(draft, signing, fc.nat(), async (unsigned, by, at) => {
        const request = await sign(unsigned, by);
        expect(FAULTS).toContain(refusalOf(mutate(request, at), options).code);
      }),
      { numRuns: 120 },
    );
  });
});

describe('whatever arrives', () => {
  const noise = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '*', 'http://evil/', '//', '/%', '/?%zz=1'),
  );
  const name = fc.oneof(
    fc.constantFrom(
      'Authorization',
      'X-Amz-Date',
      'Date',
      'Host',
      'X-Amz-Content-Sha256',
      'X-Amz-Security-Token',
      'Content-Encoding',
    ),
    fc.string(),
  );
  const pieces = fc.constantFrom(
    'AWS4-HMAC-SHA256 ',
    'Credential=',
    'AKIABERTH/20261123/us-east-1/ecr/aws4_request',
    '20261123T120000Z',
    'SignedHeaders=',
    'host;x-amz-date',
    'Signature=',
    '0'.repeat(64),
    ', ',
    ',',
    '/',
    ';',
    '=',
  );
  const value = fc.oneof(
    noise,
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  const head: fc.Arbitrary<RequestHead> = fc.record({
    method: fc.oneof(fc.constant('POST'), noise),
    target: fc.oneof(fc.constant('/'), noise),
    rawHeaders: fc.array(fc.tuple(name, value), { maxLength: 8 }).map((lines) => lines.flat()),
  });

  test.each([
    ['strict', options],
    ['trusting', trusting({ keys: ringOf(...KEYS), paths: 'any' })],
  ])('a %s verifier names a caller or throws one of its five faults, and nothing else', (_, verifier) => {
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 20 }), (arriving, body) => {
        try {
          admit(arriving, verifier).verify(body);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect(FAULTS).toContain((error as Fault).code);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a head with nothing wrong but its secret is taken on trust by one verifier and refused by the other', async () => {
    await fc.assert(
      fc.asyncProperty(draft, signing, async (unsigned, by) => {
        const key = { ...by.key, id: '444455556666', secret: 'another' };
        const request = await smithy(unsigned, { ...by, key });
        expect(verify(request, trusting({ paths: 'any' })).trust).toBe('on-trust');
        expect(refusalOf(request, options)).toMatchObject({ code: 'UnrecognizedClient', when: 'body' });
      }),
      { numRuns: 300 },
    );
  });
});
