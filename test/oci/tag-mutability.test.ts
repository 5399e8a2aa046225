import { expect, test } from 'vitest';
import type { TagMutability } from '../../src/model/tag-mutability.ts';
import { putTagMutability } from '../../src/registry/repository/tag-mutability.ts';
import { buildImage, makeRepository } from '../support/images.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const [ONE, TWO] = [buildImage('one'), buildImage('two')];

const sentence = (tag: string) =>
  `The image tag '${tag}' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.`;

async function startWith(mutability: TagMutability, ...tags: readonly string[]): Promise<OciServer> {
  const server = await startOci();
  const path = await makeRepository(server.stores.ports, 'app');
  await server.pushImage('app', ONE, ...tags);
  await server.pushImage('app', TWO);
  await putTagMutability(server.edge, path, mutability);
  return server;
}

const tagOf = async (server: OciServer, tag: string) =>
  (await server.send(`HEAD /v2/app/manifests/${tag}`)).headers['docker-content-digest'];

test('in an immutable repository a tag stays where it is, even when the same is pushed again', async () => {
  await using server = await startWith({ mode: 'IMMUTABLE', exclusionFilters: [] }, 'v1');
  expectFault(await server.putManifest('app', TWO, 'v1'), 400, 'TAG_INVALID', sentence('v1'));
  expectFault(await server.putManifest('app', ONE, 'v1'), 400, 'TAG_INVALID', sentence('v1'));
  expect(await tagOf(server, 'v1')).toBe(ONE.digest);
  expect((await server.putManifest('app', TWO, 'v2')).status).toBe(201);
  expect((await server.putManifest('app', TWO)).status).toBe(201);
});

test.each<[TagMutability['mode'], string[], string, boolean]>([
  ['MUTABLE', [], 'latest', true],
  ['IMMUTABLE', [], 'latest', false],
  ['IMMUTABLE_WITH_EXCLUSION', ['latest'], 'latest', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['latest'], 'latest-1', false],
  ['IMMUTABLE_WITH_EXCLUSION', ['dev-*', 'latest'], 'dev-7', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['*-rc*'], 'v1-rc2', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['v*'], 'V1', false],
  ['IMMUTABLE_WITH_EXCLUSION', ['v.1'], 'vx1', false],
  ['MUTABLE_WITH_EXCLUSION', ['v*'], 'v1', false],
  ['MUTABLE_WITH_EXCLUSION', ['v*'], 'latest', true],
])('%s with the filters %j: may %s move? %s', async (mode, exclusionFilters, tag, moves) => {
  await using server = await startWith({ mode, exclusionFilters }, tag);
  const answer = await server.putManifest('app', TWO, tag);
  if (moves) expect(answer.status).toBe(201);
  else expectFault(answer, 400, 'TAG_INVALID', sentence(tag));
  expect(await tagOf(server, tag)).toBe(moves ? TWO.digest : ONE.digest);
});

test('of fifty pushes of one tag at once to an immutable repository, one wins', async () => {
  await using server = await startWith({ mode: 'IMMUTABLE', exclusionFilters: [] }, 'old');
  const images = Array.from({ length: 50 }, (_, i) => buildImage(`racer ${i}`, { layers: ONE.blobs.slice(1) }));
  for (const { blobs } of images) {
    for (const blob of blobs) await server.pushBlob('app', blob);
  }
  const answers = await Promise.all(images.map((image) => server.putManifest('app', image, 'race')));
  const won = answers.filter(({ status }) => status === 201);
  expect(won).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status !== 201) expectFault(answer, 400, 'TAG_INVALID', sentence('race'));
  }
  expect(await tagOf(server, 'race')).toBe(won[0]?.headers['docker-content-digest']);
});

test('an image has up to a thousand tags', async () => {
  await using server = await startOci();
  const path = await makeRepository(server.stores.ports, 'app');
  await server.pushImage('app', ONE, 't0');
  await server.edge.metadata.write(async (tx) => {
    const repository = await tx.repositories.find(path.registry, path.repositoryName);
    const repositoryId = repository?.id ?? 0;
    const [image] = await tx.images.findAll(repositoryId, [ONE.digest]);
    if (!image) throw new Error('The image is not there');
    for (let i = 1; i < 1000; i++) {
      await tx.tags.put({ repositoryId, name: `t${i}`, image, taggedAt: 0 });
    }
  });
  expectFault(
    await server.putManifest('app', ONE, 'one-too-many'),
    403,
    'DENIED',
    "Adding tag 'one-too-many' to an image in the repository with name 'app' in registry with id '000000000000' exceeds the maximum allowed number of tags per image which is '1000'",
  );
  expect((await server.putManifest('app', ONE, 't999')).status).toBe(201);
});
