import { expect, test } from 'vitest';
import type { AccessKey } from '../../../src/aws/sigv4/access-key.ts';
import { aws4Signer, type Draft, headerOf, smithy } from './signers.ts';
import { ringOf, strict, verify } from './verifying.ts';

/** The example of the IAM user guide, "Create a signed AWS API request". */
const KEY: AccessKey = {
  id: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  accountId: '123456789012',
};
const LIST_USERS: Draft = {
  method: 'GET',
  path: '/',
  query: [
    ['Action', 'ListUsers'],
    ['Version', '2010-05-08'],
  ],
  headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8', Host: 'iam.amazonaws.com' },
  body: Buffer.alloc(0),
};
const SIGNED_HEADERS = 'SignedHeaders=content-type;host;x-amz-date';
const SIGNATURE = 'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7';

const at = Date.UTC(2015, 7, 30, 12, 36, 0);
const signing = { key: KEY, region: 'us-east-1', service: 'iam', at, checksum: false };
const options = strict({ keys: ringOf(KEY), clock: { now: () => at }, service: 'iam' });

test('the example that AWS publishes is accepted, with the signature that AWS publishes', async () => {
  const request = await smithy(LIST_USERS, signing);
  expect(headerOf(request, 'authorization').split(', ').slice(1)).toEqual([SIGNED_HEADERS, SIGNATURE]);
  expect(verify(request, options)).toMatchObject({ accessKeyId: 'AKIDEXAMPLE', accountId: '123456789012' });
});

test('the two signers agree on a call of ECR, and the verifier with both', async () => {
  const key = { ...KEY, sessionToken: 'a-session' };
  const draft: Draft = {
    method: 'POST',
    path: '/',
    query: [],
    headers: {
      Host: 'api.ecr.us-east-1.amazonaws.com',
      'Content-Type': 'application/x-amz-json-1.1',
      'Content-Length': '57',
      'X-Amz-Target': 'AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage',
    },
    body: Buffer.from('{"repositoryName":"ubuntu","imageIds":[{"imageTag":"x"}]}'),
  };
  const by = { ...signing, key, service: 'ecr' };
  const signed = [await smithy(draft, by), await aws4Signer(draft, by)];
  expect(new Set(signed.map((request) => headerOf(request, 'authorization'))).size).toBe(1);
  for (const request of signed) {
    const caller = verify(request, { ...options, keys: ringOf(key), service: 'ecr' });
    expect(caller).toMatchObject({ accessKeyId: 'AKIDEXAMPLE', trust: 'verified' });
  }
});
