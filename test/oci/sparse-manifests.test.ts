import { expect, test } from 'vitest';
import { blobOf, buildImage, buildIndex, putManifest } from '../support/images.ts';
import { expectFault, startOci } from './support/oci-server.ts';

const LAYER = blobOf('missing');
const IMAGE = buildImage('sparse', { layers: [LAYER] });
const INDEX = buildIndex([IMAGE, buildImage('elsewhere')]);
const SENTENCE = `Layers with digests '[${IMAGE.blobs.map(({ digest }) => digest).toSorted()}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`;

test('an image whose layers are not there, and an index whose images are not, are taken where that is set', async () => {
  await using server = await startOci({ sparseManifests: true });
  for (const [image, tag] of [
    [IMAGE, 'v1'],
    [INDEX, 'all'],
  ] as const) {
    expect((await server.putManifest('app', image, tag)).status).toBe(201);
    const got = await server.send(`GET /v2/app/manifests/${tag}`);
    expect(got.bytes.equals(image.bytes)).toBe(true);
  }
  expect((await server.send(`HEAD /v2/app/blobs/${LAYER.digest}`)).status).toBe(404);
  await server.pushBlob('app', LAYER);
  expect((await server.send(`GET /v2/app/blobs/${LAYER.digest}`)).text).toBe('missing');
});

test('they are refused where it is not set, as in ECR', async () => {
  await using server = await startOci();
  await server.beginUpload('app');
  expectFault(await server.putManifest('app', IMAGE, 'v1'), 400, 'MANIFEST_BLOB_UNKNOWN', SENTENCE);
  expect((await server.putManifest('app', INDEX, 'all')).status).toBe(400);
});

test('the rule of ECR’s API refuses them whatever is set', async () => {
  await using server = await startOci({ sparseManifests: true });
  await server.beginUpload('app');
  const path = { registry: { id: '000000000000', region: 'us-east-1' }, repositoryName: 'app' };
  await expect(putManifest(server.stores.ports, path, IMAGE, 'v1')).rejects.toThrow(SENTENCE);
});
