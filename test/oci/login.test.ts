import { expect, test } from 'vitest';
import type { Registry } from '../../src/model/registry.ts';
import { registryOf, registryOfHost } from '../../src/oci/registry-of.ts';
import { dial } from '../http/test-server.ts';
import { buildImage, REGISTRY } from '../support/images.ts';
import { HOUR } from '../support/stores.ts';
import { type Answer, basic, expectFault, type OciServer, PRINCIPAL, startOci } from './support/oci-server.ts';

function expectChallenge(server: OciServer, answer: Answer, method = 'GET'): void {
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe(
    `Basic realm="http://127.0.0.1:${server.port}/",service="ecr.amazonaws.com"`,
  );
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(answer.headers['content-length']).toBe('15');
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
  expect(answer.headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.text).toBe(method === 'HEAD' ? '' : 'Not Authorized\n');
}

test('the version check answers whoever is logged in', async () => {
  await using server = await startOci();
  for (const path of ['/v2', '/v2/', '/v2/?ns=docker.io']) {
    const answer = await server.send(`GET ${path}`);
    expect(answer).toMatchObject({ status: 200, text: '{}' });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'docker-distribution-api-version': 'registry/2.0',
    });
  }
  expect(await server.send('HEAD /v2/')).toMatchObject({ status: 200, text: '', headers: { 'content-length': '2' } });
});

test('whoever is not logged in is asked to, as ECR asks, on every path and by every method', async () => {
  await using server = await startOci();
  await server.pushImage('app', buildImage('one'), 'v1');
  const targets = [
    '',
    '/',
    '/_catalog',
    '/app/tags/list',
    '/app/manifests/v1',
    '/gone/manifests/v1',
    '/app',
    '/A/B',
    '/..',
  ];
  for (const target of targets) {
    for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      expectChallenge(server, await server.send(`${method} /v2${target}`, { authorization: undefined }), method);
    }
  }
});

test('credentials are user AWS and a token of ours, in canonical base64, and nothing else', async () => {
  await using server = await startOci();
  const { password } = server.edge.tokens.issue({ registry: REGISTRY, principal: PRINCIPAL });
  const good = basic('AWS', password);
  expect((await server.send('GET /v2/', { authorization: good })).status).toBe(200);
  expect((await server.send('GET /v2/', { authorization: good.replace('Basic', 'basic') })).status).toBe(200);
  const tampered = `${password.slice(0, 80)}${password[80] === 'A' ? 'B' : 'A'}${password.slice(81)}`;
  const bad = [
    '',
    'Basic',
    'Basic ',
    'Basic Og==', // an empty user with an empty password, as podman sends for a location it has no credentials for
    basic('', ''),
    basic('AWS', ''),
    basic('aws', password),
    basic('root', password),
    basic('AWS', 'x'.repeat(4097)),
    basic('AWS', tampered),
    basic('AWS', `${password} `),
    basic(
      'AWS',
      Buffer.from('{"payload":"x","datakey":"","version":"2","type":"DATA_KEY","expiration":1}').toString('base64'),
    ),
    `Basic ${Buffer.from('no colon').toString('base64')}`,
    `${good}garbage!!`,
    `${good}=`,
    `${good} ${good}`,
    good.replace('Basic', 'Bearer'),
    `Bearer ${password}`,
    `Basic ${'A'.repeat(9000)}`,
    'AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=0',
  ];
  for (const authorization of bad) expectChallenge(server, await server.send('GET /v2/', { authorization }));
});

test('a token of another server is none', async () => {
  await using server = await startOci();
  await using other = await startOci();
  expectChallenge(server, await server.send('GET /v2/', { authorization: other.credentials() }));
});

test('a token is good for twelve hours and then denied, in words that docker shows', async () => {
  await using server = await startOci();
  const authorization = server.credentials();
  server.clock.advance(12 * HOUR - 1);
  expect((await server.send('GET /v2/', { authorization })).status).toBe(200);
  server.clock.advance(1);
  const sentence = 'Your authorization token has expired. Reauthenticate and try again.';
  expectFault(await server.send('GET /v2/', { authorization }), 403, 'DENIED', sentence);
  expectFault(await server.send('GET /v2/app/tags/list', { authorization }), 403, 'DENIED', sentence);
});

test('two Authorization headers are refused, so that none can hide behind the other', async () => {
  await using server = await startOci();
  const { socket, closed } = dial(server.port);
  const lines = [
    `Authorization: ${server.credentials()}`,
    'Authorization: Basic Og==',
    'Host: localhost',
    'Connection: close',
  ];
  socket.write(`GET /v2/ HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  expect(await closed).toMatch(/^HTTP\/1\.1 400 /);
});

test('without credentials no body is asked for', async () => {
  await using server = await startOci();
  const { socket, closed } = dial(server.port);
  const lines = ['Host: localhost', 'Expect: 100-continue', 'Content-Length: 10000000000000'];
  socket.write(`PUT /v2/app/manifests/v1 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const received = await closed;
  expect(received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(received).not.toContain('100 Continue');
});

const TWO: Registry = { id: '222222222222', region: 'eu-west-1' };

test('the registry is named by ns, else by an ECR-shaped Host, else by the credentials, else it is the default', () => {
  const ns = '111111111111.dkr.ecr.us-west-2.amazonaws.com';
  const host = '333333333333.dkr.ecr.onprem-1.amazonaws.com:4327';
  const fallback: Registry = { id: '000000000000', region: 'us-east-1' };
  expect(registryOf({ ns, host, claimed: TWO }, fallback)).toEqual({ id: '111111111111', region: 'us-west-2' });
  expect(registryOf({ ns: 'docker.io', host, claimed: TWO }, fallback)).toEqual({
    id: '333333333333',
    region: 'onprem-1',
  });
  expect(registryOf({ ns: undefined, host: 'localhost:4327', claimed: TWO }, fallback)).toEqual(TWO);
  expect(registryOf({ ns: undefined, host: 'localhost', claimed: undefined }, fallback)).toEqual(fallback);
});

test.each([
  '111111111111.dkr.ecr.us-west-2.amazonaws.com',
  '111111111111.dkr.ecr.us-west-2.amazonaws.com:4327',
  '111111111111.DKR.ECR.us-west-2.amazonaws.com',
  '111111111111.dkr.ecr-fips.us-west-2.amazonaws.com',
  '111111111111.dkr-ecr.us-west-2.on.aws',
  '111111111111.dkr-ecr-fips.us-west-2.on.aws',
  '111111111111.dkr.ecr.us-west-2.amazonaws.com.cn',
  '111111111111.dkr.ecr.us-west-2.localhost:4327',
])('%s names a registry', (host) => {
  expect(registryOfHost(host)).toEqual({ id: '111111111111', region: 'us-west-2' });
});

test.each([
  '11111111111.dkr.ecr.us-west-2.amazonaws.com',
  'x111111111111.dkr.ecr.us-west-2.amazonaws.com',
  'evil.example/111111111111.dkr.ecr.us-west-2.amazonaws.com',
  '111111111111.dkr.ecr..amazonaws.com',
  '111111111111.dkr.ecr.-us.amazonaws.com',
  '111111111111.dkr.ecr.us-west-2',
  '111111111111.dkr.ecr.us-west-2.amazonaws.com\n',
  '١١١١١١١١١١١١.dkr.ecr.us-west-2.amazonaws.com',
  '',
])('%j names no registry', (host) => {
  expect(registryOfHost(host)).toBeUndefined();
});

test('repositories of the same name in different accounts and regions are different repositories', async () => {
  await using server = await startOci();
  const authorization = server.credentials({ registry: TWO });
  await server.pushImage('app', buildImage('one'), 'v1');
  const missing = await server.send('GET /v2/app/tags/list', { authorization });
  expectFault(
    missing,
    404,
    'NAME_UNKNOWN',
    "The repository with name 'app' does not exist in the registry with id '222222222222'",
  );
  const own = `?ns=${REGISTRY.id}.dkr.ecr.${REGISTRY.region}.amazonaws.com`;
  expect((await server.send(`GET /v2/app/tags/list${own}`, { authorization })).text).toBe(
    '{"name":"app","tags":["v1"]}',
  );
  const host = `${REGISTRY.id}.dkr.ecr.${REGISTRY.region}.amazonaws.com:4327`;
  expect((await server.send('GET /v2/app/tags/list', { authorization, headers: { host } })).status).toBe(200);
  expect((await server.send('GET /v2/_catalog', { authorization })).text).toBe('{"repositories":[]}');
});

test('paths in answers carry ns on, so that the next request reaches the same registry', async () => {
  await using server = await startOci();
  const ns = 'ns=111111111111.dkr.ecr.us-west-2.amazonaws.com';
  const begun = await server.send(`POST /v2/app/blobs/uploads/?${ns}`);
  expect(begun.headers.location).toMatch(/^\/v2\/app\/blobs\/uploads\/[0-9a-f-]{36}\?ns=111111111111\.dkr\.ecr\./);
  expect(begun.headers['oci-namespace']).toBe('111111111111.dkr.ecr.us-west-2.amazonaws.com');
  expect((await server.send(`GET ${begun.headers.location}`)).status).toBe(204);
  const other = await server.send('POST /v2/app/blobs/uploads/?ns=docker.io');
  expect(other.headers.location).not.toContain('ns=');
  expect(other.headers).not.toHaveProperty('oci-namespace');
});
