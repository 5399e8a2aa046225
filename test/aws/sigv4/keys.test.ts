import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../../src/aws/sigv4/access-key.ts';
import { SigningKeys } from '../../../src/aws/sigv4/signing-key.ts';
import type { VerifierOptions } from '../../../src/aws/sigv4/verify.ts';
import { withHeader, withLine, withoutHeader } from './signers.ts';
import {
  call,
  KEY,
  NOW,
  refusalOf,
  ringOf,
  signedCall,
  strict,
  trusting,
  verify,
  WRONG_SIGNATURE,
} from './verifying.ts';

const UNRECOGNIZED = {
  code: 'UnrecognizedClient',
  message: 'The security token included in the request is invalid.',
  when: 'body',
};
const TEMPORARY: AccessKey = { ...KEY, id: 'ASIABERTH', sessionToken: 'token-of-asia', expiresAt: NOW + 1000 };
const both = strict({ keys: ringOf(KEY, TEMPORARY) });

describe('a key that Berth knows', () => {
  test('names its account and the region of its scope', async () => {
    expect(verify(await signedCall('ListImages', { region: 'eu-west-1' }))).toEqual({
      accessKeyId: 'AKIABERTH',
      accountId: '111122223333',
      region: 'eu-west-1',
      trust: 'verified',
    });
  });

  test('is verified where unknown keys are trusted, too', async () => {
    const forged = await signedCall('DeleteRepository', { key: { ...KEY, secret: 'guess' } });
    const refusal = { code: 'InvalidSignature', message: WRONG_SIGNATURE, when: 'body' };
    expect(refusalOf(forged, trusting())).toEqual(refusal);
    expect(refusalOf(forged, strict())).toEqual(refusal);
  });

  test('that is 12 digits long names its own account all the same', async () => {
    const key = { ...KEY, id: '999988887777' };
    const options = trusting({ keys: ringOf(key) });
    expect(verify(await signedCall('ListImages', { key }), options)).toMatchObject({
      accountId: KEY.accountId,
      trust: 'verified',
    });
    expect(refusalOf(await signedCall('ListImages', { key: { ...key, secret: 'x' } }), options).code).toBe(
      'InvalidSignature',
    );
  });

  test('gives a caller that cannot be changed afterwards', async () => {
    expect(Object.isFrozen(verify(await signedCall()))).toBe(true);
  });
});

describe('a key that Berth does not know', () => {
  const stranger = (id: string) => signedCall('ListImages', { key: { ...KEY, id, secret: 'anything' } });

  test('is refused by a strict verifier, signed with whatever secret', async () => {
    expect(refusalOf(await stranger('AKIAOTHER'))).toEqual(UNRECOGNIZED);
    for (const secret of ['', 'test', 'stands in for a secret', KEY.secret]) {
      expect(refusalOf(await signedCall('ListImages', { key: { ...KEY, id: 'AKIAOTHER', secret } }))).toEqual(
        UNRECOGNIZED,
      );
    }
  });

  test.each([
    ['123456789012', '123456789012'],
    ['test', '000000000000'],
    ['AKIAIOSFODNN7EXAMPLE', '000000000000'],
    ['12345678901', '000000000000'],
    ['1234567890123', '000000000000'],
    ['local.dev-key_1', '000000000000'],
  ])('%s is taken on trust in profile local and speaks for account %s', async (id, accountId) => {
    expect(verify(await stranger(id), trusting())).toEqual({
      accessKeyId: id,
      accountId,
      region: 'us-east-1',
      trust: 'on-trust',
    });
  });

  test('is held to everything but its secret', async () => {
    const request = await stranger('test');
    const refused = [
      { ...request, body: Buffer.from('{"force":true}') },
      withLine(request, 'X-Amz-Target', 'AmazonEC2ContainerRegistry_V20150921.DeleteRepository', 'last'),
      withLine(request, 'X-Amz-Foo', 'bar', 'last'),
      withHeader(request, 'x-amz-content-sha256', () => 'UNSIGNED-PAYLOAD'),
      withHeader(request, 'authorization', (value) => value.slice(0, -1)),
      withHeader(request, 'authorization', (value) => value.replace('/ecr/', '/s3/')),
      withoutHeader(request, 'host'),
      { ...request, target: '/v2/' },
    ];
    for (const changed of refused)
      expect(['InvalidSignature', 'IncompleteSignature']).toContain(refusalOf(changed, trusting()).code);
    expect(refusalOf(withoutHeader(request, 'authorization'), trusting()).code).toBe('MissingAuthenticationToken');
  });

  test('may carry a session token, which nobody can check', async () => {
    const request = await signedCall('ListImages', { key: { ...KEY, id: 'ASIAELSE', sessionToken: 'x' } });
    expect(verify(request, trusting()).trust).toBe('on-trust');
    expect(refusalOf(request)).toEqual(UNRECOGNIZED);
  });
});

describe('SIG-16 keys that are switched off, deleted or changed', () => {
  function ringThatChanges(first: AccessKey | undefined) {
    let current = first;
    const options: VerifierOptions = strict({ keys: { find: (id) => (id === current?.id ? current : undefined) } });
    return {
      options,
      set: (key: AccessKey | undefined) => {
        current = key;
      },
    };
  }

  test('a key that is switched off is refused from the next request on', async () => {
    const request = await signedCall();
    const { options, set } = ringThatChanges(KEY);
    expect(verify(request, options).trust).toBe('verified');
    set({ ...KEY, active: false });
    expect(refusalOf(request, options)).toEqual(UNRECOGNIZED);
    expect(refusalOf(request, { ...options, unknownKeys: 'trust' })).toEqual(UNRECOGNIZED);
    set({ ...KEY, active: true });
    expect(verify(request, options).trust).toBe('verified');
  });

  test('a key that is deleted is refused from the next request on', async () => {
    const request = await signedCall();
    const { options, set } = ringThatChanges(KEY);
    expect(verify(request, options).trust).toBe('verified');
    set(undefined);
    expect(refusalOf(request, options)).toEqual(UNRECOGNIZED);
  });

  test('a secret that is changed is changed for the next request, whatever signing keys are kept', async () => {
    const rotated = { ...KEY, secret: 'a new secret' };
    const [before, after] = [await signedCall(), await signedCall('DescribeRepositories', { key: rotated })];
    const { options, set } = ringThatChanges(KEY);
    expect(verify(before, options).trust).toBe('verified');
    set(rotated);
    expect(refusalOf(before, options).message).toBe(WRONG_SIGNATURE);
    expect(verify(after, options).trust).toBe('verified');
    set(KEY);
    expect(verify(before, options).trust).toBe('verified');
  });

  test('signing keys are kept with the secret they come from, the oldest not longer than there is room', () => {
    const scope = { date: '20261123', region: 'us-east-1', service: 'ecr', terminator: 'aws4_request' };
    const [one, other] = [{ secret: 'a secret' }, { secret: 'another' }];
    const signingKeys = new SigningKeys(2);
    const first = signingKeys.get(one, scope);
    expect(signingKeys.get(one, { ...scope })).toBe(first);
    expect(signingKeys.get(other, scope).equals(first)).toBe(false);
    expect(signingKeys.get({ ...one }, scope)).not.toBe(first);
    expect(signingKeys.get({ ...one }, scope).equals(first)).toBe(true);
    for (const differs of [{ region: '' }, { date: '20261124' }]) {
      expect(signingKeys.get(one, { ...scope, ...differs }).equals(first)).toBe(false);
    }
    expect(signingKeys.get(one, scope)).not.toBe(first);
    expect(signingKeys.get(one, scope).equals(first)).toBe(true);
  });

  test('signing keys stay right when there are many of them', async () => {
    const keys = Array.from({ length: 1100 }, (_, i) => ({ ...KEY, id: `AKIA${i}`, secret: `secret ${i}` }));
    const byId = new Map(keys.map((key) => [key.id, key]));
    const options = strict({ keys: { find: (id) => byId.get(id) } });
    for (const key of [...keys, ...keys.slice(0, 5)]) {
      expect(verify(await signedCall('ListImages', { key }), options).accessKeyId).toBe(key.id);
    }
    const swapped = await signedCall('ListImages', { key: { ...KEY, id: 'AKIA7', secret: 'secret 8' } });
    expect(refusalOf(swapped, options).message).toBe(WRONG_SIGNATURE);
  });
});

describe('SIG-17 session tokens', () => {
  test('the right one is accepted', async () => {
    expect(verify(await signedCall('ListImages', { key: TEMPORARY }), both)).toMatchObject({
      accessKeyId: 'ASIABERTH',
      trust: 'verified',
    });
  });

  test.each([
    ['a missing one', KEY.secret, undefined],
    ['another one', KEY.secret, 'token-of-someone'],
    ['a longer one', KEY.secret, 'token-of-asia2'],
    ['an empty one', KEY.secret, ''],
  ])('%s is UnrecognizedClient', async (_, secret, sessionToken) => {
    const { sessionToken: _token, ...bare } = TEMPORARY;
    const key = { ...bare, secret, ...(sessionToken === undefined ? {} : { sessionToken }) };
    const signed = await signedCall('ListImages', { key: { ...key, sessionToken: sessionToken || 'x' } });
    const request = sessionToken === undefined ? await signedCall('ListImages', { key }) : signed;
    const arriving = sessionToken === '' ? withHeader(request, 'x-amz-security-token', () => '') : request;
    expect(refusalOf(arriving, both)).toEqual(UNRECOGNIZED);
    expect(refusalOf(arriving, { ...both, unknownKeys: 'trust' })).toEqual(UNRECOGNIZED);
  });

  test('one on a key that has none is UnrecognizedClient', async () => {
    expect(refusalOf(await signedCall('ListImages', { key: { ...KEY, sessionToken: 'x' } }), both)).toEqual(
      UNRECOGNIZED,
    );
    expect(refusalOf(await signedCall('ListImages', { key: { ...KEY, sessionToken: 'none' } }), both)).toEqual(
      UNRECOGNIZED,
    );
  });

  test('an empty one on a key that has none is UnrecognizedClient', async () => {
    const headers = { ...call('ListImages').headers, 'X-Amz-Security-Token': '' };
    expect(refusalOf(await signedCall('ListImages', {}, { headers }), both)).toEqual(UNRECOGNIZED);
  });

  test('a key expires at its instant and not before', async () => {
    const request = await signedCall('ListImages', { key: TEMPORARY });
    const at = (now: number) => ({ ...both, clock: { now: () => now } });
    expect(verify(request, at(NOW + 999)).trust).toBe('verified');
    const refusal = {
      code: 'ExpiredToken',
      message: 'The security token included in the request is expired',
      when: 'body',
    };
    expect(refusalOf(request, at(NOW + 1000))).toEqual(refusal);
    expect(refusalOf(request, { ...at(NOW + 1000), unknownKeys: 'trust' })).toEqual(refusal);
  });

  test('who does not hold the token does not learn that the key has expired', async () => {
    const request = await signedCall('ListImages', { key: { ...TEMPORARY, sessionToken: 'wrong' } });
    expect(refusalOf(request, { ...both, clock: { now: () => NOW + 2000 } })).toEqual(UNRECOGNIZED);
  });

  test('one that is not signed, or that arrives twice, is InvalidSignature', async () => {
    const bare = await signedCall();
    expect(refusalOf(withLine(bare, 'X-Amz-Security-Token', 'token-of-asia', 'last'), both).message).toBe(
      'There were headers present in the request which were not signed: x-amz-security-token',
    );
    const request = await signedCall('ListImages', { key: TEMPORARY });
    for (const where of ['first', 'last'] as const) {
      const twice = withLine(request, 'X-Amz-Security-Token', 'token-of-asia', where);
      expect(refusalOf(twice, both)).toMatchObject({ code: 'InvalidSignature', when: 'head' });
    }
  });

  test('no refusal repeats a token', async () => {
    const request = await signedCall('ListImages', { key: { ...TEMPORARY, sessionToken: 'hunter2' } });
    const refused = [
      request,
      { ...request, body: Buffer.from('x') },
      withLine(request, 'X-Amz-Security-Token', 'hunter2', 'last'),
      withHeader(request, 'authorization', (value) => value.replace('x-amz-security-token;', '')),
    ];
    for (const arriving of refused) expect(refusalOf(arriving, both).message).not.toContain('hunter2');
  });
});

describe('SIG-18 what a refusal tells of the key', () => {
  test('an unknown key, a key switched off and a wrong token have one answer, at one point, for right and wrong signatures', async () => {
    const off: AccessKey = { ...KEY, id: 'AKIAOFF', active: false };
    const options = strict({ keys: ringOf(KEY, TEMPORARY, off) });
    const keys = [{ ...KEY, id: 'AKIANONE' }, off, { ...TEMPORARY, sessionToken: 'x' }];
    for (const key of keys) {
      for (const secret of [KEY.secret, 'wrong']) {
        expect(refusalOf(await signedCall('ListImages', { key: { ...key, secret } }), options)).toEqual(UNRECOGNIZED);
      }
    }
  });
});

describe('SIG-19 replay', () => {
  test('the same bytes are accepted again inside the window, as by AWS, and refused after it', async () => {
    const request = await signedCall('BatchDeleteImage');
    const at = (now: number) => strict({ clock: { now: () => now } });
    expect(verify(request, at(NOW)).trust).toBe('verified');
    expect(verify(request, at(NOW + 15 * 60_000)).trust).toBe('verified');
    expect(refusalOf(request, at(NOW + 15 * 60_000 + 1000)).message).toMatch(/^Signature expired/);
  });
});
