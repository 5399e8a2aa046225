import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import type { Authorizer } from '../../src/policy/authorizer.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { MAX_SOURCES } from '../../src/registry/layer/find-sources.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { collect } from '../../src/workers/collector.ts';
import { blobOf, buildImage, makeRepository, pushBlob, REGISTRY } from '../support/images.ts';
import { HOUR } from '../support/stores.ts';
import { type Answer, expectFault, type OciServer, startOci } from './support/oci-server.ts';

const CONTENT = blobOf('a blob to mount');

const mount = (server: OciServer, query: string, authorization = server.credentials()) =>
  server.send(`POST /v2/target/blobs/uploads/?${query}`, { authorization });

function expectNoMount(answer: Answer): void {
  expect(answer.text).toBe('');
  expect(answer.status).toBe(202);
  expect(answer.headers.location).toMatch(/^\/v2\/target\/blobs\/uploads\/[0-9a-f-]{36}$/);
  expect(answer.headers.range).toBe('0-0');
  expect(answer.headers).not.toHaveProperty('docker-content-digest');
}

test('a blob of another repository is mounted without sending it again', async () => {
  await using server = await startOci();
  await server.pushBlob('source/app', CONTENT);
  for (const from of ['source/app', encodeURIComponent('source/app')]) {
    const answer = await mount(server, `mount=${encodeURIComponent(CONTENT.digest)}&from=${from}`);
    expect(answer).toMatchObject({ status: 201, text: '' });
    expect(answer.headers).toMatchObject({
      location: `/v2/target/blobs/${CONTENT.digest}`,
      'docker-content-digest': CONTENT.digest,
    });
  }
  expect((await server.send(`GET /v2/target/blobs/${CONTENT.digest}`)).text).toBe('a blob to mount');
  expect(await server.stores.bytesStored()).toBe(CONTENT.bytes.byteLength);
});

test('a mounted blob stays for the image that will name it, and as long as one does, whatever becomes of its source', async () => {
  await using server = await startOci({ retention: { lease: HOUR, grace: 0 } });
  const collectNow = () => collect({ ...server.stores.ports, pulls: new PullRecorder() });
  const image = buildImage('mounted');
  await server.pushImage('source', image, 'v1');
  server.clock.advance(2 * HOUR);
  for (const { digest } of image.blobs) expect((await mount(server, `mount=${digest}&from=source`)).status).toBe(201);
  await server.send('DELETE /v2/source/manifests/v1');
  await collectNow();
  expect((await server.putManifest('target', image, 'v1')).status).toBe(201);
  server.clock.advance(2 * HOUR);
  await collectNow();
  for (const { digest } of image.blobs) {
    expect((await server.send(`GET /v2/target/blobs/${digest}`)).status).toBe(200);
    expect((await server.send(`GET /v2/source/blobs/${digest}`)).status).toBe(404);
  }
});

test('a mount that cannot be begins an upload instead', async () => {
  await using server = await startOci();
  await server.pushBlob('source', CONTENT);
  const missing = blobOf('missing').digest;
  const queries = [
    `mount=${missing}&from=source`,
    `mount=${CONTENT.digest}&from=gone`,
    `mount=${missing}`,
    `mount=${CONTENT.digest}&from=`,
    `mount=${CONTENT.digest}&from=SOURCE`,
    `mount=${CONTENT.digest}&from=../source`,
    `mount=${CONTENT.digest}&from=x/../source`,
    `mount=${CONTENT.digest}&from=source%2500`,
    `mount=${CONTENT.digest}&from=%2fsource`,
    `mount=${CONTENT.digest}&from=123456789012/source`,
    'from=source',
  ];
  for (const query of queries) expectNoMount(await mount(server, query));
  expect((await server.send(`HEAD /v2/target/blobs/${CONTENT.digest}`)).status).toBe(404);
});

test('a mount of what is no digest is refused before anything is begun', async () => {
  await using server = await startOci();
  for (const digest of ['', 'undefined', 'sha256:x', CONTENT.digest.toUpperCase()]) {
    const sentence = `The digest '${digest}' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits`;
    expectFault(await mount(server, `mount=${digest}&from=source`), 400, 'DIGEST_INVALID', sentence);
  }
  const twice = await mount(server, `mount=${CONTENT.digest}&from=a0&from=b0`);
  expectFault(twice, 400, 'UNSUPPORTED', "The parameter 'from' is there more than once");
  expect((await server.send('GET /v2/target/tags/list')).status).toBe(404);
});

test('a mount of a blob that is not there takes it from the body, if the digest is given as well', async () => {
  await using server = await startOci();
  const answer = await server.send(
    `POST /v2/target/blobs/uploads/?mount=${CONTENT.digest}&from=gone&digest=${CONTENT.digest}`,
    { body: CONTENT.bytes },
  );
  expect(answer.status).toBe(201);
  expect((await server.send(`GET /v2/target/blobs/${CONTENT.digest}`)).text).toBe('a blob to mount');
});

test('nothing is mounted from another account or region', async () => {
  await using server = await startOci();
  await server.pushBlob('source', CONTENT);
  for (const registry of [
    { id: '222222222222', region: 'us-east-1' },
    { id: '000000000000', region: 'eu-west-1' },
  ]) {
    const answer = await mount(server, `mount=${CONTENT.digest}&from=source`, server.credentials({ registry }));
    expectNoMount(answer);
  }
});

test('a mount that names no source takes any repository of the registry that has the blob', async () => {
  await using server = await startOci();
  await server.pushBlob('gone', CONTENT);
  await server.pushBlob('hidden', CONTENT);
  await server.pushBlob('source', CONTENT);
  await deleteRepository(server.stores.ports, { registry: REGISTRY, repositoryName: 'gone' }, { force: true });
  await server.send(`DELETE /v2/hidden/blobs/${CONTENT.digest}`);
  const elsewhere = { id: '000000000000', region: 'eu-west-1' };
  expectNoMount(await mount(server, `mount=${CONTENT.digest}`, server.credentials({ registry: elsewhere })));
  expect(await mount(server, `mount=${CONTENT.digest}`)).toMatchObject({
    status: 201,
    headers: { location: `/v2/target/blobs/${CONTENT.digest}`, 'docker-content-digest': CONTENT.digest },
  });
  expect((await server.send(`GET /v2/target/blobs/${CONTENT.digest}`)).text).toBe('a blob to mount');
  // By now the target has it itself.
  expect((await mount(server, `mount=${CONTENT.digest}`)).status).toBe(201);
  for (const name of ['source', 'target']) await server.send(`DELETE /v2/${name}/blobs/${CONTENT.digest}`);
  expectNoMount(await mount(server, `mount=${CONTENT.digest}`));
});

test('a mount that names no source passes over what the caller may not pull from, and gives up after a few', async () => {
  const asked = new Set<string>();
  const allowed = new Set<string>();
  const authorizer: Authorizer = {
    authorize: async (principal, action, resource) => {
      const [, name = ''] = /\/(source-[0-9]+)$/.exec(resource) ?? [];
      if (name === '' || allowed.has(name) || action === 'ecr:InitiateLayerUpload') return;
      asked.add(name);
      throw new Fault('AccessDenied', { principal: principal.arn, action, resource, because: 'because' });
    },
  };
  await using server = await startOci({ authorizer });
  for (let at = 0; at < MAX_SOURCES + 5; at++) {
    const { ports } = server.stores;
    await pushBlob(ports, await makeRepository(ports, `source-${at}`), CONTENT);
  }
  expectNoMount(await mount(server, `mount=${CONTENT.digest}`));
  expect(asked.size).toBe(MAX_SOURCES);
  allowed.add(`source-${MAX_SOURCES}`);
  expectNoMount(await mount(server, `mount=${CONTENT.digest}`));
  expect((await server.send(`HEAD /v2/target/blobs/${CONTENT.digest}`)).status).toBe(404);
  allowed.add('source-7');
  expect((await mount(server, `mount=${CONTENT.digest}`)).status).toBe(201);
});

test.each(['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer'])(
  'whoever may not %s in the source learns nothing of what is in it',
  async (forbidden) => {
    const authorizer: Authorizer = {
      authorize: async (principal, action, resource) => {
        if (action !== forbidden || !resource.endsWith('/source')) return;
        const because = 'because no identity-based policy allows the action';
        throw new Fault('AccessDenied', { principal: principal.arn, action, resource, because });
      },
    };
    await using server = await startOci({ authorizer });
    await server.pushBlob('source', CONTENT);
    expectNoMount(await mount(server, `mount=${CONTENT.digest}&from=source`));
    expectNoMount(await mount(server, `mount=${CONTENT.digest}&from=target`));
    expectNoMount(await mount(server, `mount=${CONTENT.digest}`));
    expect((await server.send(`HEAD /v2/target/blobs/${CONTENT.digest}`)).status).toBe(404);
  },
);

test('a blob that only another repository has does not count for an image', async () => {
  await using server = await startOci();
  const image = buildImage('theft');
  for (const blob of image.blobs) await server.pushBlob('source', blob);
  await server.beginUpload('target');
  const digests = image.blobs.map(({ digest }) => digest).sort();
  expectFault(
    await server.putManifest('target', image, 'v1'),
    400,
    'MANIFEST_BLOB_UNKNOWN',
    `Layers with digests '[${digests.join(',')}]' required for pushing image into repository with name 'target' in the registry with id '000000000000' do not exist`,
  );
});
