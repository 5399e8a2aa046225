import { expect, test } from 'vitest';
import { OCI_IMAGE_INDEX } from '../../src/model/media-type.ts';
import { blobOf, buildImage, buildIndex } from '../support/images.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const BLOB = blobOf('a blob');
const GONE = "The repository with name 'new/app' does not exist in the registry with id '000000000000'";

const catalog = async (server: OciServer) => (await server.send('GET /v2/_catalog')).text;

test('pushing to a repository that does not exist creates it with the defaults of ECR', async () => {
  await using server = await startOci();
  await server.pushImage('new/app', buildImage('one'), 'v1');
  expect(await catalog(server)).toBe('{"repositories":["new/app"]}');
  const repository = await server.edge.metadata.read((view) =>
    view.repositories.find(server.edge.defaultRegistry, 'new/app'),
  );
  expect(repository).toMatchObject({
    tagMutability: { mode: 'MUTABLE', exclusionFilters: [] },
    scanOnPush: false,
    encryption: { type: 'AES256' },
    createdAt: server.clock.now(),
  });
});

test('each way to begin creates the repository: an upload, a whole blob, a mount, a manifest that names nothing', async () => {
  await using server = await startOci();
  await server.pushBlob('source', BLOB);
  const index = buildIndex([]);
  expect((await server.send('POST /v2/by/upload/blobs/uploads/')).status).toBe(202);
  await server.pushBlob('by/post', BLOB);
  const mounted = await server.send(`POST /v2/by/mount/blobs/uploads/?mount=${BLOB.digest}&from=source`);
  expect(mounted.status).toBe(201);
  expect((await server.putManifest('by/manifest', index, 'v1')).status).toBe(201);
  expect(await catalog(server)).toBe('{"repositories":["by/manifest","by/mount","by/post","by/upload","source"]}');
});

test('many who push to a missing repository at once create one', async () => {
  await using server = await startOci();
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.send('POST /v2/new/app/blobs/uploads/')));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  expect(await catalog(server)).toBe('{"repositories":["new/app"]}');
});

test('a manifest that could not be pushed to an empty repository creates none', async () => {
  await using server = await startOci();
  for (const image of [buildImage('one'), buildIndex([buildImage('two')])]) {
    expectFault(await server.putManifest('new/app', image, 'v1'), 404, 'NAME_UNKNOWN', GONE);
  }
  const wrong = await server.send('PUT /v2/new/app/manifests/v1', {
    body: 'x',
    headers: { 'content-type': OCI_IMAGE_INDEX },
  });
  expect(wrong.status).toBe(400);
  const other = await server.putManifest('new/app', buildIndex([]), buildImage('one').digest);
  expect(other.status).toBe(400);
  expect(await catalog(server)).toBe('{"repositories":[]}');
});

test('asking does not create: reading, listing, deleting, going on with an upload', async () => {
  await using server = await startOci();
  const lines = [
    'GET /v2/new/app/manifests/v1',
    'DELETE /v2/new/app/manifests/v1',
    'GET /v2/new/app/tags/list',
    `GET /v2/new/app/blobs/${BLOB.digest}`,
    'PATCH /v2/new/app/blobs/uploads/7',
    'GET /v2/new/app/blobs/uploads/7',
    `PUT /v2/new/app/blobs/uploads/7?digest=${BLOB.digest}`,
    'DELETE /v2/new/app/blobs/uploads/7',
  ];
  for (const line of lines) expectFault(await server.send(line), 404, 'NAME_UNKNOWN', GONE);
  expect((await server.send(`GET /v2/new/app/referrers/${BLOB.digest}`)).status).toBe(200);
  expect(await catalog(server)).toBe('{"repositories":[]}');
});

test('where pushing creates nothing, a missing repository is unknown', async () => {
  await using server = await startOci({ createOnPush: false });
  const lines = [
    'POST /v2/new/app/blobs/uploads/',
    `POST /v2/new/app/blobs/uploads/?digest=${BLOB.digest}`,
    `POST /v2/new/app/blobs/uploads/?mount=${BLOB.digest}&from=new/app`,
  ];
  for (const line of lines) expectFault(await server.send(line), 404, 'NAME_UNKNOWN', GONE);
  expectFault(await server.putManifest('new/app', buildIndex([]), 'v1'), 404, 'NAME_UNKNOWN', GONE);
  expect(await catalog(server)).toBe('{"repositories":[]}');
});
