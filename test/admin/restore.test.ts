import { describe, expect, it } from 'vitest';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage, buildIndex } from '../support/images.ts';
import { serveThisFile, UNDO_WINDOW } from './support/admin-server.ts';

const server = await serveThisFile();

async function emptied(...names: readonly string[]) {
  const repository = await freshRepository(server.ecr.client);
  const images = names.map((name) => buildImage(`${repository.name} ${name}`));
  for (const [index, image] of images.entries()) await repository.push(image, `${names[index]}`, `${names[index]}-too`);
  const before = await repository.list();
  const deletion = { repositoryName: repository.name, selection: { tagPattern: '*' } };
  await server.post('images/delete', deletion);
  expect(await repository.list()).toEqual([]);
  return { repository, images, before, repositoryName: repository.name };
}

describe('within the undo window', () => {
  it('what was deleted is listed with its tags, and until when it can be brought back', async () => {
    const { images, repositoryName } = await emptied('a', 'b', 'c');
    const deletedAt = server.clock.now();
    const found: unknown[] = [];
    for (let after: unknown = ''; typeof after === 'string'; ) {
      const more = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const { json } = await server.get(`restorable?name=${repositoryName}&limit=2${more}`);
      found.push(...(json['images'] as unknown[]));
      after = json['next'];
    }
    expect(found).toHaveLength(3);
    const first = images[0]?.digest;
    expect(found).toContainEqual({
      imageDigest: first,
      imageTags: ['a', 'a-too'],
      whole: true,
      deletedAt,
      until: deletedAt + UNDO_WINDOW,
    });
  });

  it('an image comes back by digest with its tags, and all come back at once', async () => {
    const { repository, images, before, repositoryName } = await emptied('a', 'b');
    const one = await server.post('restore', { repositoryName, imageIds: [{ imageDigest: images[0]?.digest }] });
    expect(one.status).toBe(200);
    expect(one.json).toMatchObject({ failures: [] });
    expect((await repository.list()).map(({ imageTag }) => imageTag).sort()).toEqual(['a', 'a-too']);
    const rest = await server.post('restore', { repositoryName, all: true });
    expect(rest.json).toMatchObject({ failures: [] });
    expect(await repository.list()).toEqual(before);
    expect((await server.get(`restorable?name=${repositoryName}`)).json['images']).toEqual([]);
  });

  it('what an index lists comes back with its own tags, whichever of them is named first', async () => {
    const repository = await freshRepository(server.ecr.client);
    const { name: repositoryName } = repository;
    const children = ['a', 'b', 'c', 'd', 'e', 'f'].map((tag) => buildImage(`${repositoryName} ${tag}`));
    for (const [at, child] of children.entries()) await repository.push(child, `child-${at}`);
    const index = await repository.push({ ...buildIndex(children), children: [] }, 'index');
    const before = await repository.list();
    const digests = [index, ...children].map(({ digest }) => ({ imageDigest: digest }));
    const byTag = [...children.keys()].map((at) => ({ imageTag: `child-${at}` }));
    const asked = [{ all: true }, { imageIds: digests }, { imageIds: digests.toReversed() }];
    for (const what of [...asked, { imageIds: [{ imageTag: 'index' }, ...byTag] }]) {
      await server.post('images/delete', { repositoryName, selection: { tagPattern: '*' } });
      expect(await repository.list()).toEqual([]);
      const { json } = await server.post('restore', { repositoryName, ...what });
      expect(json).toMatchObject({ failures: [] });
      expect(json['restored']).toHaveLength(7);
      expect(await repository.list()).toEqual(before);
      server.clock.advance(1000);
    }
  });

  it('what is named twice is told once', async () => {
    const { repository, images, before, repositoryName } = await emptied('a');
    const [image] = images;
    const imageIds = [{ imageDigest: image?.digest }, { imageTag: 'a' }, { imageDigest: image?.digest }];
    const { json } = await server.post('restore', { repositoryName, imageIds });
    expect(json).toMatchObject({ failures: [] });
    expect(json['restored']).toHaveLength(2);
    expect(await repository.list()).toEqual(before);
  });

  it('what was never there is a failure of its own', async () => {
    const { repository, images, repositoryName } = await emptied('a');
    const imageIds = [{ imageDigest: `sha256:${'0'.repeat(64)}` }, { imageDigest: images[0]?.digest }];
    const { json } = await server.post('restore', { repositoryName, imageIds });
    expect(json['failures']).toMatchObject([{ imageId: imageIds[0], code: expect.any(String) }]);
    expect(await repository.list()).toHaveLength(2);
  });
});

it('a repository that is there cannot be brought back, and one that never was is not found', async () => {
  const repository = await freshRepository(server.ecr.client);
  const there = await server.post('restore', { repositoryName: repository.name, repository: true });
  expect([there.status, there.json['code']]).toEqual([409, 'RepositoryAlreadyExists']);
  const never = await server.post('restore', { repositoryName: 'never/was', repository: true });
  expect([never.status, never.json['code']]).toEqual([404, 'RepositoryNotFound']);
  expect((await server.get('restorable?name=never/was')).status).toBe(404);
  expect((await server.post('restore', { repositoryName: 'never/was', all: true })).status).toBe(404);
});
