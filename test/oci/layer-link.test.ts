import { expect, test } from 'vitest';
import { layerLinkPath } from '../../src/oci/layer-link.ts';
import { blobOf, REGISTRY } from '../support/images.ts';
import { HOUR } from '../support/stores.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const BLOB = blobOf('0123456789');
const OTHER = blobOf('another blob');
const EXPIRED = 'The link is not valid, or not any more: it can be used for one hour';

function linkTo(server: OciServer, digest: string, repositoryName = 'team/app', registry = REGISTRY): string {
  const target = { registry, repositoryName, digest };
  return layerLinkPath(target, server.edge.links.sign(target));
}

const open = (server: OciServer, link: string, method = 'GET', headers = {}) =>
  server.send(`${method} ${link}`, { authorization: undefined, headers });

test('whoever has the link can read the layer, in parts too, without credentials', async () => {
  await using server = await startOci();
  await server.pushBlob('team/app', BLOB);
  const link = linkTo(server, BLOB.digest);
  expect(link).toMatch(
    /^\/_berth\/layers\/000000000000\/us-east-1\/team\/app\/sha256:[0-9a-f]{64}\?expires=[0-9]+&signature=[0-9a-f]{64}$/,
  );
  const described = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': BLOB.digest,
    'x-content-type-options': 'nosniff',
  };
  expect(await open(server, link)).toMatchObject({ status: 200, text: '0123456789', headers: described });
  const head = await open(server, link, 'HEAD');
  expect(head).toMatchObject({ status: 200, text: '', headers: { ...described, 'content-length': '10' } });
  expect(await open(server, link, 'GET', { range: 'bytes=2-4' })).toMatchObject({ status: 206, text: '234' });
});

test('a link is good for an hour', async () => {
  await using server = await startOci();
  await server.pushBlob('team/app', BLOB);
  const link = linkTo(server, BLOB.digest);
  server.clock.advance(HOUR - 1);
  expect((await open(server, link)).status).toBe(200);
  server.clock.advance(1);
  expectFault(await open(server, link), 403, 'DENIED', EXPIRED);
});

test('a link is good for one layer in one repository and for nothing else', async () => {
  await using server = await startOci();
  for (const blob of [BLOB, OTHER]) await server.pushBlob('team/app', blob);
  await server.pushBlob('secret', OTHER);
  const link = linkTo(server, BLOB.digest);
  const [expires] = /expires=([0-9]+)/.exec(link)?.slice(1) ?? [];
  const forged = [
    link.replace(BLOB.digest, OTHER.digest),
    link.replace('team/app', 'secret').replace(BLOB.digest, OTHER.digest),
    link.replace('000000000000', '111111111111'),
    link.replace('us-east-1', 'us-east-2'),
    link.replace(`expires=${expires}`, `expires=${Number(expires) + 1}`),
    link.replace(`expires=${expires}`, 'expires=99999999999999999999'),
    link.replace(/signature=.*/, ''),
    link.replace(/signature=.*/, `signature=${'0'.repeat(64)}`),
    link.replace(/signature=/, 'signature=0'),
    link.replace(/\?.*/, ''),
    `${link.replace(/\?.*/, '')}?${'&'.repeat(100)}`,
  ];
  for (const path of forged) expectFault(await open(server, path), 403, 'DENIED', EXPIRED);
});

test('a link from another server is none', async () => {
  await using server = await startOci();
  await using other = await startOci();
  await server.pushBlob('team/app', BLOB);
  expectFault(await open(server, linkTo(other, BLOB.digest)), 403, 'DENIED', EXPIRED);
});

test('what is no path of a layer is not found, and a link cannot write', async () => {
  await using server = await startOci();
  await server.pushBlob('team/app', BLOB);
  const link = linkTo(server, BLOB.digest);
  const paths = [
    '/_berth/layers/',
    '/_berth/layers/x',
    link.replace('team/app', 'team/../app'),
    link.replace('team/app', '..'),
    link.replace('team/app/', ''),
    link.replace('sha256:', 'sha256%3A'),
    link.replace('team/app', 'team%2fapp'),
    link.replace('us-east-1', '..'),
  ];
  for (const path of paths) expectFault(await open(server, path), 404, 'UNSUPPORTED', 'This is not a link to a layer');
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await open(server, link, method);
    expectFault(answer, 405, 'UNSUPPORTED', `This path takes GET, HEAD, not ${method}`);
    expect(answer.headers.allow).toBe('GET, HEAD');
  }
});

test('a link to a layer that is gone leads nowhere', async () => {
  await using server = await startOci();
  await server.pushBlob('team/app', OTHER);
  const sentence = `The blob with digest '${BLOB.digest}' does not exist within the repository with name 'team/app' in the registry with id '000000000000'`;
  expectFault(await open(server, linkTo(server, BLOB.digest)), 404, 'BLOB_UNKNOWN', sentence);
  const gone = await open(server, linkTo(server, BLOB.digest, 'gone'));
  expectFault(
    gone,
    404,
    'NAME_UNKNOWN',
    "The repository with name 'gone' does not exist in the registry with id '000000000000'",
  );
});
