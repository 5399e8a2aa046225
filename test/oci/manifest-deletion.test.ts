import { expect, test } from 'vitest';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { collect } from '../../src/workers/collector.ts';
import { checkStores } from '../support/check-stores.ts';
import { type BuiltManifest, buildImage, buildIndex, makeRepository } from '../support/images.ts';
import { HOUR } from '../support/stores.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const remove = (server: OciServer, reference: string) => server.send(`DELETE /v2/app/manifests/${reference}`);

async function statusOf(server: OciServer, reference: string): Promise<number> {
  return (await server.send(`GET /v2/app/manifests/${reference}`)).status;
}

test('a tag that is not the last one goes alone', async () => {
  await using server = await startOci();
  const image = buildImage('one');
  await server.pushImage('app', image, 'v1', 'latest');
  const answer = await remove(server, 'v1');
  expect(answer).toMatchObject({ status: 202, text: '', headers: { 'content-length': '0' } });
  expect(await statusOf(server, 'v1')).toBe(404);
  expect(await statusOf(server, 'latest')).toBe(200);
  expect(await statusOf(server, image.digest)).toBe(200);
});

test('the last tag takes the image with it', async () => {
  await using server = await startOci();
  const image = buildImage('one');
  await server.pushImage('app', image, 'v1');
  expect((await remove(server, 'v1')).status).toBe(202);
  expect(await statusOf(server, image.digest)).toBe(404);
});

test('a digest takes every tag with it', async () => {
  await using server = await startOci();
  const image = buildImage('one');
  await server.pushImage('app', image, 'v1', 'latest');
  expect((await remove(server, image.digest)).status).toBe(202);
  for (const reference of ['v1', 'latest', image.digest]) expect(await statusOf(server, reference)).toBe(404);
  expect((await server.send('GET /v2/app/tags/list')).text).toBe('{"name":"app","tags":[]}');
});

test('what is not there cannot be deleted', async () => {
  await using server = await startOci();
  await server.pushImage('app', buildImage('one'), 'v1');
  for (const reference of ['v2', buildImage('two').digest]) {
    expectFault(await remove(server, reference), 404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  }
  await remove(server, 'v1');
  expectFault(await remove(server, 'v1'), 404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  const sentence = "The repository with name 'gone' does not exist in the registry with id '000000000000'";
  expectFault(await server.send('DELETE /v2/gone/manifests/v1'), 404, 'NAME_UNKNOWN', sentence);
});

test('an image that an index lists stays until the index is gone, whatever becomes of its tags', async () => {
  await using server = await startOci();
  const [child, other] = [buildImage('child'), buildImage('other')];
  const index = buildIndex([child, other]);
  await server.pushImage('app', index, 'index');
  await server.putManifest('app', child, 'child');
  await server.putManifest('app', child, 'spare');
  const sentence = `Requested image referenced by manifest list: [${index.digest}]`;
  expectFault(await remove(server, child.digest), 405, 'UNSUPPORTED', sentence);
  expect((await remove(server, 'spare')).status).toBe(202);
  expect((await remove(server, 'child')).status).toBe(202);
  expect(await statusOf(server, 'child')).toBe(404);
  expect(await statusOf(server, child.digest)).toBe(200);
  await checkStores(server.stores);
  expect((await remove(server, 'index')).status).toBe(202);
  expect(await statusOf(server, other.digest)).toBe(200);
  expect((await remove(server, child.digest)).status).toBe(202);
});

test('a subject may be deleted before its referrers, and a referrer before its subject', async () => {
  await using server = await startOci();
  const subject = buildImage('subject');
  const [first, second] = [buildImage('first', { subject }), buildImage('second', { subject })];
  for (const image of [subject, first, second]) await server.pushImage('app', image);
  for (const image of [first, subject, second]) expect((await remove(server, image.digest)).status).toBe(202);
});

test('deleted bytes come back to the disk, those that another image shares do not', async () => {
  await using server = await startOci({ retention: { grace: 0, lease: HOUR } });
  const collectNow = () => collect({ ...server.stores.ports, pulls: new PullRecorder() });
  const one = buildImage('one');
  const two = buildImage('two', { layers: one.blobs.slice(1) });
  await server.pushImage('app', one, 'one');
  await server.pushImage('app', two, 'two');
  server.clock.advance(2 * HOUR);
  await remove(server, 'one');
  await collectNow();
  for (const { digest } of two.blobs) expect((await server.send(`GET /v2/app/blobs/${digest}`)).status).toBe(200);
  expect((await server.send(`GET /v2/app/blobs/${one.blobs[0]?.digest}`)).status).toBe(404);
  await remove(server, 'two');
  await collectNow();
  expect(await server.stores.bytesStored()).toBe(0);
});

test('an image that was deleted can be pushed again at once', async () => {
  await using server = await startOci({ retention: { grace: 0 } });
  const image = buildImage('again');
  for (let round = 0; round < 3; round++) {
    await server.pushImage('app', image, 'v1');
    expect((await remove(server, 'v1')).status).toBe(202);
    await collect({ ...server.stores.ports, pulls: new PullRecorder() });
  }
  await server.pushImage('app', image, 'v1');
  expect(await statusOf(server, 'v1')).toBe(200);
});

/** What is in a repository before a deletion, and what is asked to go. */
interface Case {
  readonly what: string;
  readonly images: readonly (readonly [image: BuiltManifest, ...tags: string[]])[];
  readonly reference: string;
}

const [ONE, TWO] = [buildImage('one'), buildImage('two')];
const INDEX = buildIndex([ONE]);

test.each<Case>([
  { what: 'one tag of two', images: [[ONE, 'a0', 'b0']], reference: 'a0' },
  {
    what: 'the only tag',
    images: [
      [ONE, 'a0'],
      [TWO, 'b0'],
    ],
    reference: 'a0',
  },
  {
    what: 'a digest with tags',
    images: [
      [ONE, 'a0', 'b0'],
      [TWO, 'c0'],
    ],
    reference: ONE.digest,
  },
  { what: 'a digest without tags', images: [[ONE]], reference: ONE.digest },
  { what: 'an unknown tag', images: [[ONE, 'a0']], reference: 'x0' },
  { what: 'an unknown digest', images: [[ONE, 'a0']], reference: TWO.digest },
  { what: 'a child by digest', images: [[INDEX, 'i0']], reference: ONE.digest },
  {
    what: 'one tag of two of a child',
    images: [
      [INDEX, 'i0'],
      [ONE, 'a0', 'b0'],
    ],
    reference: 'a0',
  },
  { what: 'an index', images: [[INDEX, 'i0']], reference: 'i0' },
])('DELETE of $what has the verdict and the outcome of BatchDeleteImage', async ({ images, reference }) => {
  await using server = await startOci();
  for (const name of ['app', 'twin']) {
    for (const [image, ...tags] of images) await server.pushImage(name, image, ...tags);
  }
  const answer = await remove(server, reference);
  const twin = { registry: server.edge.defaultRegistry, repositoryName: 'twin' };
  const id = reference.startsWith('sha256:') ? { imageDigest: reference } : { imageTag: reference };
  const { failures } = await deleteImages(server.edge, twin, [id]);
  const verdicts = { ImageNotFound: 404, ImageReferencedByManifestList: 405 } as Readonly<Record<string, number>>;
  const [failure] = failures;
  expect(answer.status).toBe(failure ? verdicts[failure.code] : 202);
  if (failure) expect(answer.text).toContain(failure.reason);
  for (const known of [ONE.digest, TWO.digest, INDEX.digest, 'a0', 'b0', 'c0', 'i0']) {
    const twinStatus = (await server.send(`GET /v2/twin/manifests/${known}`)).status;
    expect(await statusOf(server, known), known).toBe(twinStatus);
  }
});

test('immutability does not stand in the way of deleting, and a freed tag can be pushed again', async () => {
  await using server = await startOci();
  const path = await makeRepository(server.stores.ports, 'app');
  await server.edge.metadata.write(async (tx) => {
    const repository = await tx.repositories.find(path.registry, path.repositoryName);
    await tx.repositories.putTagMutability(repository?.id ?? 0, { mode: 'IMMUTABLE', exclusionFilters: [] });
  });
  await server.pushImage('app', ONE, 'v1');
  expect((await remove(server, 'v1')).status).toBe(202);
  await server.pushImage('app', TWO, 'v1');
  expect(await statusOf(server, 'v1')).toBe(200);
});
