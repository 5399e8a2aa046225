import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signRequest } from '../../../src/aws/sigv4/sign-request.ts';
import { draft, KEYS, signing } from './arbitraries.ts';
import { type Draft, headerOf, onTheWire, queryString, type Signing, smithy, type WireRequest } from './signers.ts';
import { ringOf, strict, verify } from './verifying.ts';

const options = strict({ keys: ringOf(...KEYS), paths: 'any' });

function ours(unsigned: Draft, by: Signing): WireRequest {
  const target = unsigned.path + queryString(unsigned.query);
  const headers = Object.fromEntries(onTheWire(unsigned.headers));
  const signed = signRequest(
    { method: unsigned.method, target, headers, body: unsigned.body },
    {
      accessKeyId: by.key.id,
      secretAccessKey: by.key.secret,
      sessionToken: by.key.sessionToken,
      region: by.region,
      service: by.service,
      at: by.at,
    },
  );
  return { method: unsigned.method, target, headers: Object.entries(signed), body: unsigned.body };
}

test('what we sign is what the SDK signs, to the last character, and our own verifier takes it', async () => {
  await fc.assert(
    fc.asyncProperty(draft, signing, async (unsigned, by) => {
      const request = ours(unsigned, by);
      const theirs = await smithy(unsigned, { ...by, checksum: true });
      expect(headerOf(request, 'authorization')).toBe(headerOf(theirs, 'authorization'));
      expect(verify(request, options)).toMatchObject({ accessKeyId: by.key.id, trust: 'verified' });
    }),
    { numRuns: 500 },
  );
});
