import { expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { DOCKER_IMAGE_MANIFEST, OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/model/media-type.ts';
import { type BuiltManifest, blobOf, buildImage, buildIndex, chunksOf } from '../support/images.ts';
import { type Answer, expectFault, type OciServer, startOci } from './support/oci-server.ts';

const LIMIT = 4_194_304;

function expectPut(answer: Answer, digest: string): void {
  expect(answer.text).toBe('');
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({
    location: `/v2/app/manifests/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
  });
}

const putRaw = (server: OciServer, reference: string, body: string | Uint8Array, contentType?: string) =>
  server.send(`PUT /v2/app/manifests/${reference}`, {
    body,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });

const expectMissing = (answer: Answer) => expectFault(answer, 404, 'MANIFEST_UNKNOWN', 'Requested image not found');

/** An index that is as many bytes long as asked for. */
function indexOfSize(size: number): string {
  const [before, after] = [
    `{"schemaVersion":2,"mediaType":"${OCI_IMAGE_INDEX}","manifests":[],"annotations":{"x":"`,
    '"}}',
  ];
  return `${before}${'x'.repeat(size - before.length - after.length)}${after}`;
}

test.each([
  ['an OCI image', () => buildImage('oci')],
  ['a docker image', () => buildImage('docker', { mediaType: DOCKER_IMAGE_MANIFEST })],
  ['an image without layers', () => buildImage('bare', { layers: [] })],
  ['an artifact', () => buildImage('artifact', { artifactType: 'application/vnd.example.sbom.v1' })],
  ['an index', () => buildIndex([buildImage('amd64'), buildImage('arm64')])],
  [
    'a docker manifest list',
    () => buildIndex([buildImage('s390x')], { mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json' }),
  ],
  ['an index of indexes', () => buildIndex([buildIndex([buildImage('deep')])])],
  ['an empty index', () => buildIndex([])],
])('%s is pushed and pulled by tag and by digest, byte for byte', async (_what, build: () => BuiltManifest) => {
  await using server = await startOci();
  const image = build();
  await server.pushImage('app', image);
  expectPut(await server.putManifest('app', image, 'v1'), image.digest);
  const described = {
    'content-type': image.mediaType,
    'content-length': String(image.bytes.byteLength),
    'docker-content-digest': image.digest,
    'x-content-type-options': 'nosniff',
  };
  for (const reference of ['v1', image.digest]) {
    for (const accept of [undefined, '*/*', 'application/vnd.example.nothing']) {
      const headers = accept === undefined ? {} : { accept };
      const got = await server.send(`GET /v2/app/manifests/${reference}`, { headers });
      expect(got).toMatchObject({ status: 200, headers: described });
      expect(got.bytes.equals(image.bytes)).toBe(true);
    }
    expect(await server.send(`HEAD /v2/app/manifests/${reference}`)).toMatchObject({
      status: 200,
      headers: described,
      text: '',
    });
  }
});

test('what Berth does not know in a manifest is kept to the byte', async () => {
  await using server = await startOci();
  const image = buildImage('custom');
  for (const blob of image.blobs) await server.pushBlob('app', blob);
  const document = JSON.parse(Buffer.from(image.bytes).toString('utf8')) as object;
  const body = `\n\t${JSON.stringify({ 'org.example.custom': [1e3, 'é\u2028'], ...document }, null, 3)}  `;
  const digest = digestOf(Buffer.from(body));
  expectPut(await putRaw(server, 'v1', body, OCI_IMAGE_MANIFEST), digest);
  expect((await server.send('GET /v2/app/manifests/v1')).text).toBe(body);
});

test('the media type is the one in the manifest, or the one beside it', async () => {
  await using server = await startOci();
  const typed = JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [] });
  const untyped = JSON.stringify({ schemaVersion: 2, manifests: [] });
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
  for (const [body, contentType, stored] of [
    [typed, undefined, OCI_IMAGE_INDEX],
    [typed, 'application/octet-stream', OCI_IMAGE_INDEX],
    [typed, `${OCI_IMAGE_INDEX}; charset=utf-8`, OCI_IMAGE_INDEX],
    [`${untyped} `, undefined, OCI_IMAGE_INDEX],
    [`${untyped}  `, list, list],
  ] as const) {
    expect((await putRaw(server, 'v1', body, contentType)).status).toBe(201);
    expect((await server.send('HEAD /v2/app/manifests/v1')).headers['content-type']).toBe(stored);
  }
});

test('bytes that are stored as one media type cannot become another', async () => {
  await using server = await startOci();
  const untyped = JSON.stringify({ schemaVersion: 2, manifests: [] });
  expect((await putRaw(server, 'v1', untyped, OCI_IMAGE_INDEX)).status).toBe(201);
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
  expectFault(
    await putRaw(server, 'v2', untyped, list),
    400,
    'MANIFEST_INVALID',
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'The image exists already with the media type '${OCI_IMAGE_INDEX}''`,
  );
  expect((await server.send('HEAD /v2/app/manifests/v1')).headers['content-type']).toBe(OCI_IMAGE_INDEX);
});

test('pushing the same again is no fault, and moving a tag leaves the image it pointed to', async () => {
  await using server = await startOci();
  const [one, two] = [buildImage('one'), buildImage('two')];
  await server.pushImage('app', one, 'latest', 'latest', 'v1');
  await server.pushImage('app', two, 'latest');
  expect((await server.send('HEAD /v2/app/manifests/latest')).headers['docker-content-digest']).toBe(two.digest);
  expect((await server.send(`HEAD /v2/app/manifests/${one.digest}`)).status).toBe(200);
  await server.pushImage('app', one, 'latest');
  expect((await server.send('HEAD /v2/app/manifests/latest')).headers['docker-content-digest']).toBe(one.digest);
});

test('a manifest under its sha512 digest is found under that one', async () => {
  await using server = await startOci();
  const image = buildImage('long digest');
  for (const blob of image.blobs) await server.pushBlob('app', blob);
  const digest = digestOf(image.bytes, 'sha512');
  expectPut(await server.putManifest('app', image, digest), digest);
  expect((await server.send(`GET /v2/app/manifests/${digest}`)).bytes.equals(image.bytes)).toBe(true);
  expectMissing(await server.send(`GET /v2/app/manifests/${image.digest}`));
});

test('a manifest with a subject says that it was understood, whether the subject is there or not', async () => {
  await using server = await startOci();
  const subject = buildImage('subject');
  const signature = buildImage('signature', { subject });
  await server.pushImage('app', signature);
  const answer = await server.putManifest('app', signature, 'sig');
  expectPut(answer, signature.digest);
  expect(answer.headers['oci-subject']).toBe(subject.digest);
  await server.pushImage('app', subject);
  expect((await server.putManifest('app', subject)).headers).not.toHaveProperty('oci-subject');
});

test('a layer that may live elsewhere need not be there', async () => {
  await using server = await startOci();
  const config = blobOf('{}');
  await server.pushBlob('app', config);
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: 2 },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        digest: blobOf('elsewhere').digest,
        size: 9,
        urls: ['http://169.254.169.254/layer'],
      },
    ],
  });
  expect((await putRaw(server, 'v1', body, OCI_IMAGE_MANIFEST)).status).toBe(201);
});

test('a manifest has up to 4 MiB', async () => {
  await using server = await startOci();
  expect((await putRaw(server, 'large', indexOfSize(LIMIT), OCI_IMAGE_INDEX)).status).toBe(201);
  expect((await server.send('GET /v2/app/manifests/large')).bytes.byteLength).toBe(LIMIT);
  const sentence = `The request body is larger than ${LIMIT} bytes`;
  expectFault(await putRaw(server, 'larger', indexOfSize(LIMIT + 1), OCI_IMAGE_INDEX), 413, 'SIZE_INVALID', sentence);
  const streamed = await server.send('PUT /v2/app/manifests/larger', {
    body: chunksOf(...Array.from({ length: 5 }, () => Buffer.alloc(1024 * 1024, 'x'))),
  });
  expectFault(streamed, 413, 'SIZE_INVALID', sentence);
});

test('a digest in the path must be that of the body', async () => {
  await using server = await startOci();
  const [one, two] = [buildImage('one'), buildImage('two')];
  await server.pushImage('app', one);
  expectFault(
    await server.putManifest('app', one, two.digest),
    400,
    'DIGEST_INVALID',
    `The image with digest '${two.digest}' in repository 'app' and registry ID '000000000000' does not match the image digest that Amazon ECR has calculated.`,
  );
  expectMissing(await server.send(`GET /v2/app/manifests/${two.digest}`));
});

test.each([
  [
    'sha256:baddigeststring',
    'DIGEST_INVALID',
    "The digest 'sha256:baddigeststring' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits",
  ],
  ['-tag', 'TAG_INVALID', "The reference '-tag' is neither a tag nor a digest"],
  ['a'.repeat(301), 'TAG_INVALID', `The reference '${'a'.repeat(301)}' is neither a tag nor a digest`],
  [
    'tag%0d%0aSet-Cookie:%20x',
    'DIGEST_INVALID',
    "The digest 'tag%0d%0aSet-Cookie:%20x' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits",
  ],
])('the reference %s is refused whatever is asked of it', async (reference, code, sentence) => {
  await using server = await startOci();
  await server.pushImage('app', buildImage('one'), 'v1');
  for (const method of ['GET', 'PUT', 'DELETE']) {
    expectFault(await server.send(`${method} /v2/app/manifests/${reference}`), 400, code, sentence);
  }
});

test('what is not there is unknown', async () => {
  await using server = await startOci();
  await server.pushImage('app', buildImage('one'), 'v1');
  await server.pushImage('other', buildImage('two'), 'v2');
  for (const reference of ['v2', 'V1', buildImage('two').digest, buildImage('three').digest]) {
    expectMissing(await server.send(`GET /v2/app/manifests/${reference}`));
    expect(await server.send(`HEAD /v2/app/manifests/${reference}`)).toMatchObject({ status: 404, text: '' });
  }
  const sentence = "The repository with name 'gone' does not exist in the registry with id '000000000000'";
  expectFault(await server.send('GET /v2/gone/manifests/v1'), 404, 'NAME_UNKNOWN', sentence);
});

test('an image whose layers are missing is refused with all of them', async () => {
  await using server = await startOci();
  await server.beginUpload('app');
  const image = buildImage('missing');
  const digests = image.blobs.map(({ digest }) => digest).sort();
  expectFault(
    await server.putManifest('app', image, 'v1'),
    400,
    'MANIFEST_BLOB_UNKNOWN',
    `Layers with digests '[${digests.join(',')}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`,
  );
  expectMissing(await server.send('GET /v2/app/manifests/v1'));
});

test('an index whose images are missing is refused with all of them', async () => {
  await using server = await startOci();
  const [one, two, there] = [buildImage('one'), buildImage('two'), buildImage('there')];
  await server.pushImage('app', there);
  expectFault(
    await server.putManifest('app', buildIndex([one, there, two]), 'v1'),
    400,
    'MANIFEST_BLOB_UNKNOWN',
    `Images with digests '[${one.digest}, ${two.digest}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`,
  );
});

const CONFIG = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: blobOf('{}').digest, size: 2 };
const syntax = 'Invalid JSON syntax';

test.each([
  ['nothing', '', undefined, syntax],
  ['no JSON', 'x', undefined, syntax],
  ['an empty object', '{}', undefined, syntax],
  ['a list', '[]', undefined, syntax],
  ['trailing data', `${JSON.stringify({ schemaVersion: 2, manifests: [] })}x`, undefined, syntax],
  ['a name twice', '{"schemaVersion":2,"manifests":[],"manifests":[]}', undefined, syntax],
  ['a byte order mark', '\uFEFF{"schemaVersion":2,"manifests":[]}', undefined, syntax],
  ['UTF-16', Buffer.from('{"schemaVersion":2,"manifests":[]}', 'utf16le'), undefined, syntax],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), undefined, syntax],
  ['a hundred thousand levels', '['.repeat(100_000), undefined, syntax],
  ['schema version 1', '{"schemaVersion":1,"name":"app"}', undefined, syntax],
  [
    'an unknown media type',
    '{"schemaVersion":2}',
    'application/json',
    "Unsupported manifest media type 'application/json'",
  ],
  [
    'two media types',
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [] }),
    OCI_IMAGE_MANIFEST,
    `The media type '${OCI_IMAGE_MANIFEST}' of the request differs from '${OCI_IMAGE_INDEX}' in the manifest`,
  ],
])('a manifest that is %s is refused', async (_what, body, contentType, constraint) => {
  await using server = await startOci();
  const answer = await putRaw(server, 'v1', body, contentType);
  expectFault(
    answer,
    400,
    'MANIFEST_INVALID',
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${constraint}'`,
  );
  expect((await server.send('GET /v2/app/tags/list')).status).toBe(404);
});

test.each([
  ['image and index at once', { config: CONFIG, layers: [], manifests: [] }],
  ['a digest that is none', { config: { ...CONFIG, digest: '../../etc/passwd' }, layers: [] }],
  ['a size below zero', { config: { ...CONFIG, size: -1 }, layers: [] }],
  ['a size with a fraction', { config: { ...CONFIG, size: 1.5 }, layers: [] }],
  ['no layers at all', { config: CONFIG }],
  ['more than ten thousand layers', { config: CONFIG, layers: Array.from({ length: 10_001 }, () => CONFIG) }],
  ['an annotation that is no text', { config: CONFIG, layers: [], annotations: { a: 1 } }],
])('a manifest with %s is refused', async (_what, parts) => {
  await using server = await startOci();
  await server.pushBlob('app', blobOf('{}'));
  const answer = await putRaw(
    server,
    'v1',
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, ...parts }),
  );
  expect(answer.text).toMatch(
    /^\{"errors":\[\{"code":"MANIFEST_INVALID","message":"Invalid parameter at 'ImageManifest' failed to satisfy constraint: '/,
  );
  expect(answer.status).toBe(400);
});

test('a manifest that is wrong about the size of a layer is refused', async () => {
  await using server = await startOci();
  await server.pushBlob('app', blobOf('{}'));
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: { ...CONFIG, size: 3 },
    layers: [],
  });
  const constraint = `The manifest gives ${CONFIG.digest} the size 3 where the layer has 2 bytes`;
  const sentence = `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${constraint}'`;
  expectFault(await putRaw(server, 'v1', body), 400, 'MANIFEST_INVALID', sentence);
});

test('GET counts as a pull, HEAD does not', async () => {
  await using server = await startOci();
  const image = buildImage('pulled');
  await server.pushImage('app', image, 'v1');
  const pulledAt = async () => {
    await server.edge.pulls.flush(server.edge);
    return server.edge.metadata.read(async (view) => {
      const repository = await view.repositories.find(server.edge.defaultRegistry, 'app');
      const [found] = await view.images.findAll(repository?.id ?? 0, [image.digest]);
      return found?.lastPulledAt;
    });
  };
  await server.send('HEAD /v2/app/manifests/v1');
  expect(await pulledAt()).toBeUndefined();
  await server.send('GET /v2/app/manifests/v1');
  expect(await pulledAt()).toBe(server.clock.now());
});
