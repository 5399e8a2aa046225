import { expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { putTagMutability } from '../../src/registry/repository/tag-mutability.ts';
import { buildImage, makeRepository } from '../support/images.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const IMAGE = buildImage('tagged');

async function pushBlobs(server: OciServer): Promise<void> {
  for (const blob of IMAGE.blobs) await server.pushBlob('app', blob);
}

const put = (server: OciServer, reference: string, tags: readonly string[]) => {
  const query = tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&');
  return server.putManifest('app', IMAGE, `${reference}?${query}`);
};

async function tagsIn(server: OciServer): Promise<readonly string[]> {
  const { text } = await server.send('GET /v2/app/tags/list');
  return (JSON.parse(text) as { tags: string[] }).tags;
}

test.each(['sha256', 'sha512'] as const)(
  'a push by its %s digest takes tags along, each named in the answer, and they answer with that digest',
  async (algorithm) => {
    await using server = await startOci();
    await pushBlobs(server);
    const digest = digestOf(IMAGE.bytes, algorithm);
    const answer = await put(server, digest, ['v1', 'latest', 'v1']);
    expect(answer).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    // Node joins headers of the same name.
    expect(answer.headers['oci-tag']).toBe('v1, latest');
    expect(await tagsIn(server)).toEqual(['latest', 'v1']);
    for (const reference of ['v1', 'latest', digest]) {
      const got = await server.send(`GET /v2/app/manifests/${reference}`);
      expect(got).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } });
      expect(got.bytes.equals(IMAGE.bytes)).toBe(true);
    }
  },
);

test('the same bytes under two digests are two images, and a tag answers with the digest it was pushed under last', async () => {
  await using server = await startOci();
  await pushBlobs(server);
  const sha512 = digestOf(IMAGE.bytes, 'sha512');
  const digestOfTag = async () => (await server.send('HEAD /v2/app/manifests/v1')).headers['docker-content-digest'];
  expect((await put(server, sha512, ['v1'])).status).toBe(201);
  expect(await digestOfTag()).toBe(sha512);
  expect((await server.putManifest('app', IMAGE, 'v1')).status).toBe(201);
  expect(await digestOfTag()).toBe(IMAGE.digest);
  expect((await server.send(`HEAD /v2/app/manifests/${sha512}`)).status).toBe(200);
});

test('a hundred tags are taken at once, and one more is too many', async () => {
  await using server = await startOci();
  await pushBlobs(server);
  const tags = Array.from({ length: 101 }, (_, at) => `v${at}`);
  expectFault(
    await put(server, IMAGE.digest, tags),
    414,
    'TAG_INVALID',
    'The request names more than 100 tags: push the others with another request',
  );
  expect((await server.send(`HEAD /v2/app/manifests/${IMAGE.digest}`)).status).toBe(404);
  expect((await put(server, IMAGE.digest, tags.slice(0, 100))).status).toBe(201);
  expect(await tagsIn(server)).toHaveLength(100);
});

test('tags are taken all or none: neither an invalid one nor one that may not move lets the image in', async () => {
  await using server = await startOci();
  const path = await makeRepository(server.stores.ports, 'app');
  await server.pushImage('app', buildImage('first'), 'fixed');
  await putTagMutability(server.stores.ports, path, { mode: 'IMMUTABLE', exclusionFilters: [] });
  await pushBlobs(server);
  for (const [tag, message] of [
    ['-bad', "The reference '-bad' is neither a tag nor a digest"],
    ['', "The reference '' is neither a tag nor a digest"],
    [
      'fixed',
      "The image tag 'fixed' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.",
    ],
  ] as const) {
    expectFault(await put(server, IMAGE.digest, ['good', tag]), 400, 'TAG_INVALID', message);
  }
  expect((await server.send(`HEAD /v2/app/manifests/${IMAGE.digest}`)).status).toBe(404);
  expect(await tagsIn(server)).toEqual(['fixed']);
});

test('tags beside a push by tag are refused rather than passed over', async () => {
  await using server = await startOci();
  await pushBlobs(server);
  const answer = await put(server, 'v1', ['v2']);
  expectFault(answer, 400, 'UNSUPPORTED', "The parameter 'tag' goes with a push by digest");
  expect((await server.send('HEAD /v2/app/manifests/v1')).status).toBe(404);
});

test('a push by digest without tags names none', async () => {
  await using server = await startOci();
  await pushBlobs(server);
  const answer = await server.putManifest('app', IMAGE, IMAGE.digest);
  expect(answer.status).toBe(201);
  expect(answer.headers).not.toHaveProperty('oci-tag');
});
