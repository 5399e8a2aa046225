import { expect, it } from 'vitest';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage, layerOf } from '../support/images.ts';
import { blobBytes, startAdminServer } from './support/admin-server.ts';

it('counts an image by itself as logical, and each blob that images name once as live', async () => {
  await using server = await startAdminServer();
  const [first, second] = [await freshRepository(server.ecr.client), await freshRepository(server.ecr.client)];
  const base = layerOf('base');
  const a = await first.push(buildImage('a', { layers: [base, layerOf('a')] }), 'a');
  const b = await first.push(buildImage('b', { layers: [base, layerOf('b')] }), 'b', 'also-b');
  const c = await second.push(buildImage('c', { layers: [base] }), 'c');
  const shared = base.bytes.byteLength;

  const ofFirst = {
    images: 2,
    logicalBytes: blobBytes(a) + blobBytes(b),
    liveBytes: blobBytes(a) + blobBytes(b) - shared,
  };
  const ofSecond = { images: 1, logicalBytes: blobBytes(c), liveBytes: blobBytes(c) };
  const registry = await server.get('usage');
  expect(registry.json).toMatchObject({
    repositories: 2,
    usage: {
      images: 3,
      logicalBytes: ofFirst.logicalBytes + ofSecond.logicalBytes,
      liveBytes: ofFirst.liveBytes + ofSecond.liveBytes - shared,
      heldBytes: 0,
      idleBytes: 0,
    },
    store: {
      blobs: { count: 6, bytes: ofFirst.liveBytes + ofSecond.liveBytes - shared },
      uploads: { count: 0, bytes: 0 },
    },
  });
  const one = await server.get(`usage/repository?name=${encodeURIComponent(first.name)}`);
  expect(one.json).toMatchObject({ repositoryName: first.name, usage: { ...ofFirst, heldBytes: 0, idleBytes: 0 } });
  const names = [first.name, second.name].sort();
  const all = await server.get('usage/repositories');
  expect(all.json['repositories']).toMatchObject(
    names.map((repositoryName) => ({ repositoryName, usage: repositoryName === first.name ? ofFirst : ofSecond })),
  );
  expect(all.json['next']).toBeUndefined();
});

it('lists repositories a page at a time, each once', async () => {
  await using server = await startAdminServer();
  const made: string[] = [];
  for (let index = 0; index < 5; index += 1) made.push((await freshRepository(server.ecr.client)).name);
  const listed: string[] = [];
  for (let after: unknown = ''; typeof after === 'string'; ) {
    const query: string = `limit=2${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { json } = await server.get(`usage/repositories?${query}`);
    const page = json['repositories'] as { repositoryName: string }[];
    expect(page.length).toBeLessThanOrEqual(2);
    listed.push(...page.map(({ repositoryName }) => repositoryName));
    after = json['next'];
  }
  expect(listed).toEqual(made.toSorted());
});

it("is of the caller's own account and region", async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  await repository.push(buildImage('mine'), 'a');
  for (const other of [{ accessKeyId: '123456789012' }, { region: 'eu-west-1' }]) {
    expect((await server.get('usage', other)).json).toMatchObject({ repositories: 0, usage: { images: 0 } });
    expect((await server.get(`usage/repository?name=${repository.name}`, other)).status).toBe(404);
  }
});

it('goes down when images go', async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  const [a, b] = [buildImage('a'), buildImage('b')];
  await repository.push(a, 'a');
  await repository.push(b, 'b');
  await repository.delete({ imageTag: 'a' });
  const { json } = await server.get(`usage/repository?name=${repository.name}`);
  expect(json['usage']).toMatchObject({ images: 1, logicalBytes: blobBytes(b), liveBytes: blobBytes(b) });
});
