import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, expect, test } from 'vitest';
import { Presigner } from '../../src/blobs/s3/presigner.ts';
import { digestOf } from '../../src/model/digest.ts';
import { randomIds } from '../../src/model/ids.ts';
import { chunksOf } from '../support/images.ts';
import { openOn } from '../support/s3/s3-under-test.ts';
import { startAnyS3 } from '../support/s3/start-any-s3.ts';
import { TestClock } from '../support/test-clock.ts';

const clock = new TestClock();
const s3 = await startAnyS3();
afterAll(() => s3[Symbol.asyncDispose]());

/** The parts of an address that are told apart by name. */
function partsOf(link: string) {
  const { origin, pathname, searchParams } = new URL(link);
  // Says nothing that is not said by there being no such header; the SDK's signature counts it in all the same.
  return { origin, pathname, query: Object.fromEntries([...searchParams].sort()) };
}

test.each([
  ['Amazon’s own, in the host', {}],
  ['Amazon’s own, in the path', { forcePathStyle: true }],
  ['Amazon’s own in China', { region: 'cn-north-1' }],
  ['another store', { endpoint: 'http://store.example:9000', forcePathStyle: true }],
  ['another store below a path', { endpoint: 'https://store.example/s3/', forcePathStyle: true }],
  ['credentials that pass', { sessionToken: 'a token/with+all=kinds of characters' }],
])('An address is the one that the SDK signs: %s', async (_, { sessionToken, ...config }: Record<string, unknown>) => {
  const client = new S3Client({
    region: 'eu-west-1',
    ...config,
    credentials: {
      accessKeyId: 'AKIA',
      secretAccessKey: 'secret',
      ...(typeof sessionToken === 'string' && { sessionToken }),
    },
  });
  const presigner = await Presigner.prepare(client, 'bucket', clock);
  for (const object of ['00/key', 'a prefix/of (two)/parts+more/é/00/key']) {
    const command = new GetObjectCommand({
      Bucket: 'bucket',
      Key: object,
      ResponseContentType: 'application/octet-stream',
    });
    const options = { expiresIn: 1200, signingDate: new Date(clock.now()) };
    const ours = partsOf(await presigner.linkTo(object, 1200));
    const { 'X-Amz-Signature': signature, ...said } = ours.query;
    const sdk = partsOf(await getSignedUrl(client, command, options));
    expect(ours.origin + ours.pathname).toBe(sdk.origin + sdk.pathname);
    expect(sdk.query).toMatchObject(said);
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
  }
  client.destroy();
});

test('Each address is of its own second, and signed with the credentials of that time', async () => {
  const now = new TestClock(Date.UTC(2026, 10, 30, 23, 59, 58));
  const given = (name: string) => ({
    accessKeyId: name,
    secretAccessKey: `secret of ${name}`,
    // Asked for again each time.
    expiration: new Date(0),
  });
  let keys = given('FIRST');
  const client = new S3Client({ region: 'eu-west-1', credentials: async () => keys });
  const presigner = await Presigner.prepare(client, 'bucket', now);
  const linked = async () => {
    const { 'X-Amz-Signature': signature, ...said } = partsOf(await presigner.linkTo('object', 60)).query;
    return { signature, date: said['X-Amz-Date'], credential: said['X-Amz-Credential'] };
  };
  const first = await linked();
  expect(first).toMatchObject({ date: '20261130T235958Z', credential: 'FIRST/20261130/eu-west-1/s3/aws4_request' });
  now.advance(999);
  expect(await linked()).toEqual(first);
  now.advance(1_001);
  const second = await linked();
  expect(second).toMatchObject({ date: '20261201T000000Z', credential: 'FIRST/20261201/eu-west-1/s3/aws4_request' });
  keys = given('SECOND');
  const third = await linked();
  expect(third).toMatchObject({
    ...second,
    credential: 'SECOND/20261201/eu-west-1/s3/aws4_request',
    signature: third.signature,
  });
  expect(new Set([first, second, third].map(({ signature }) => signature)).size).toBe(3);
  client.destroy();
});

test('An address has the bytes, for as long as it is said to be good', async () => {
  const now = new TestClock(Date.now());
  const content = Buffer.from('content');
  await using stores = await openOn(s3, { prefix: 'a prefix/(of) two+' }, now);
  const beginning = { key: randomIds().storageKey(), length: 0, state: undefined };
  const key = await stores.uploads.commit(await stores.uploads.append(beginning, chunksOf(content)), digestOf(content));
  const fetched = async () => {
    const answer = await fetch((await stores.blobs.link?.(key, 60)) ?? '');
    return [answer.status, answer.headers.get('content-type'), await answer.text()];
  };
  expect(await fetched()).toEqual([200, 'application/octet-stream', 'content']);
  if (s3.kind === 'versitygw') {
    const tampered = (await stores.blobs.link?.(key, 60))?.replace('X-Amz-Expires=60', 'X-Amz-Expires=600') ?? '';
    expect((await fetch(tampered)).status).toBe(403);
    now.advance(-61_000);
    expect((await fetched())[0]).toBe(403);
  }
});

test('An address leads to where clients reach the store, if that is elsewhere', async () => {
  await using stores = await openOn(s3, { publicEndpoint: 'https://store.example.com' });
  const key = randomIds().storageKey();
  const link = new URL((await stores.blobs.link?.(key, 60)) ?? '');
  expect(link.origin).toBe('https://store.example.com');
  expect(link.pathname).toBe(`/${stores.place.bucket}/berth/one/${key.slice(-2)}/${key}`);
});
