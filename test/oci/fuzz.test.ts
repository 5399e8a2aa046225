import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dial, parseAnswer } from '../http/test-server.ts';
import { blobOf, buildImage } from '../support/images.ts';
import { samples } from '../support/scaled/environment.ts';
import { type OciServer, startOci } from './support/oci-server.ts';

const IMAGE = buildImage('fuzz');
const BLOB = blobOf('a blob');

const methods = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE') },
  { weight: 1, arbitrary: fc.constantFrom('OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'QUERY') },
);
const WORDS = [
  'v2',
  'app',
  'team',
  'gone',
  'tags',
  'list',
  'manifests',
  'blobs',
  'uploads',
  'referrers',
  '_catalog',
  'v1',
  '',
  '.',
  '..',
  IMAGE.digest,
  BLOB.digest,
  'sha256:x',
  '%2f',
  '%2e%2e',
  '%00',
  '%',
  '%zz',
  ';',
  '\\',
  'é',
  '~',
  'A',
  '*',
  'constructor',
  '__proto__',
];
const PARAMETERS = [
  'digest',
  'mount',
  'from',
  'n',
  'last',
  'artifactType',
  'ns',
  'tag',
  '_state',
  'constructor',
  '__proto__',
];
const VALUES = [
  '',
  '0',
  '-1',
  '1',
  '1001',
  '1e309',
  'app',
  'gone',
  'v1',
  '../x',
  IMAGE.digest,
  BLOB.digest,
  'sha256:',
  '%',
  '%00',
  '%ff',
  '+',
  '"',
  '<>',
  '000000000000.dkr.ecr.us-east-1.amazonaws.com',
  '111111111111.dkr.ecr.x.y',
  'null',
  '[]',
  '{}',
];
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  Range: ['bytes=0-', 'bytes=-1', 'bytes=5-1', 'bytes=0-,0-', 'x', '', 'bytes=99999999999999999999-', 'bytes=-'],
  'Content-Range': ['0-5', '5-0', 'bytes 0-5/*', '', '0-0', '99999999999999999999-99999999999999999999', '-', 'x'],
  'Content-Type': [
    'application/json',
    'x',
    '',
    'a/b; c=d',
    IMAGE.mediaType,
    'application/octet-stream',
    ';',
    '/',
    'text/plain',
  ],
  'Content-Encoding': ['gzip', 'identity'],
  Accept: ['*/*', '', 'x', IMAGE.mediaType],
  'If-Range': ['x', '"x"', ''],
  'If-None-Match': ['*', '"x"'],
  Expect: ['100-continue', 'x'],
  Origin: ['http://evil.example'],
  'X-Forwarded-Host': ['evil.example'],
  'X-Forwarded-Proto': ['https'],
  'X-HTTP-Method-Override': ['DELETE'],
  'X-Amz-Target': ['AmazonEC2ContainerRegistry_V20150921.DeleteRepository'],
};

const word = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~\x80-\xff]{0,12}$/) },
);
const pair = fc
  .tuple(fc.constantFrom(...PARAMETERS), fc.constantFrom(...VALUES))
  .map(([name, value]) => `${name}=${value}`);
const query = fc.array(pair, { maxLength: 4 }).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
const targets = [
  '/v2/',
  '/v2/_catalog',
  '/v2/app/tags/list',
  '/v2/app/manifests/v1',
  `/v2/app/manifests/${IMAGE.digest}`,
  '/v2/new/manifests/x',
  `/v2/app/blobs/${BLOB.digest}`,
  '/v2/app/blobs/uploads/',
  '/v2/app/blobs/uploads/UPLOAD',
  `/v2/app/referrers/${IMAGE.digest}`,
  `/_berth/layers/000000000000/us-east-1/app/${BLOB.digest}`,
];
const path = fc.oneof(
  fc.constantFrom(...targets),
  fc.array(word, { maxLength: 7 }).map((words) => `/v2/${words.join('/')}`),
  fc.array(word, { maxLength: 5 }).map((words) => `/_berth/layers/${words.join('/')}`),
);
const header = fc
  .constantFrom(...Object.keys(HEADERS))
  .chain((name) => fc.constantFrom(...(HEADERS[name] ?? [])).map((value) => `${name}: ${value}`));
const body = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '{}',
    '[',
    '0123456789',
    Buffer.from(IMAGE.bytes).toString('latin1'),
    '{"schemaVersion":2,"manifests":[]}',
    '[['.repeat(5000),
  ),
  fc.json({ maxDepth: 5 }),
);

/** The challenge is plain text, as ECR's; Node itself answers an expectation that nobody can meet. */
const PLAIN = [401, 417];

/** Sends the bytes as they are, which must ask for the connection to be closed, and answers status, headers and body. */
async function exchange(server: OciServer, request: string) {
  const { socket, closed } = dial(server.port);
  socket.write(request, 'latin1');
  return parseAnswer((await closed).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''));
}

/** Something to find: an image, a blob, and an upload with ten bytes, whose id it answers. */
async function prepare(server: OciServer): Promise<string> {
  await server.pushImage('app', IMAGE, 'v1');
  await server.pushBlob('app', BLOB);
  const location = await server.beginUpload('app');
  await server.send(`PATCH ${location}`, { body: '0123456789' });
  return location.split('/').at(-1) ?? '';
}

test('no request, however malformed, is answered with an error of ours or outside the protocol', async () => {
  await using server = await startOci();
  let upload = await prepare(server);
  await fc.assert(
    fc.asyncProperty(
      methods,
      path,
      query,
      fc.array(header, { maxLength: 4 }),
      body,
      fc.boolean(),
      fc.integer({ min: 0, max: 9 }),
      async (method, target, parameters, headers, content, chunked, dice) => {
        const bytes = Buffer.from(content, 'latin1');
        const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`;
        const sent =
          chunked && bytes.length > 0
            ? `${bytes.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`
            : chunked
              ? '0\r\n\r\n'
              : content;
        const credentials = dice === 9 ? [] : [`Authorization: ${server.credentials()}`];
        const lines = ['Host: localhost', 'Connection: close', ...credentials, ...headers, framing];
        const line = `${method} ${target.replace('UPLOAD', upload)}${parameters} HTTP/1.1`;
        const answer = await exchange(server, `${line}\r\n${lines.join('\r\n')}\r\n\r\n${sent}`);
        expect(answer.status, line).toBeGreaterThanOrEqual(200);
        expect(answer.status, line).toBeLessThan(500);
        expect(answer.headers['x-amzn-requestid'] ?? answer.status, line).toBeDefined();
        if (answer.status < 300 && ['PUT', 'PATCH', 'DELETE'].includes(method)) upload = await prepare(server);
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
        if (answer.status >= 400 && !PLAIN.includes(answer.status) && method !== 'HEAD') {
          const { errors } = JSON.parse(answer.body) as { errors: { code: string; message: string }[] };
          expect(errors[0]?.code).toMatch(/^[A-Z_]+$/);
          expect(errors[0]?.message).not.toBe('');
        }
      },
    ),
    { numRuns: samples(600) },
  );
  expect((await server.send('GET /v2/')).status).toBe(200);
});
