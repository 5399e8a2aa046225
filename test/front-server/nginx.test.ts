import { randomBytes } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ECR } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { startBerth } from '../support/berth-process.ts';
import { blobOf } from '../support/images.ts';
import { findNginx, startNginx } from '../support/nginx.ts';
import { tempFolder } from '../support/temp-folder.ts';

const nginx = await findNginx();
const LARGE = blobOf(randomBytes(1024 * 1024));
const SMALL = blobOf(randomBytes(1000));

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const dataDir = join(folder.path, 'data');
  const berth = stack.use(await startBerth(['--data-dir', dataDir, '--accel-redirect', '/berth-blobs/']));
  const front = stack.use(await startNginx(join(folder.path, 'nginx'), { origin: berth.origin, dataDir }));
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: berth.origin, region: 'us-east-1', credentials });
  const { authorizationData: [data] = [] } = await ecr.getAuthorizationToken({});
  const authorization = `Basic ${data?.authorizationToken}`;
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', origin = front.origin) =>
    fetch(`${origin}${path}`, { method, headers: { authorization, ...headers } });
  for (const { digest, bytes } of [LARGE, SMALL]) {
    const pushed = await fetch(`${front.origin}/v2/app/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      headers: { authorization },
      body: new Uint8Array(bytes),
    });
    expect(pushed.status).toBe(201);
  }
  const owned = stack.move();
  return {
    berth,
    front,
    ask,
    blobs: join(dataDir, 'blobs'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const LARGE_PATH = `/v2/app/blobs/${LARGE.digest}`;

it('nginx sends a large blob as Berth would, whole and in parts', async (context) => {
  if ('missing' in nginx) return context.skip(nginx.missing);
  await using setup = await setUp();
  const direct = await setup.ask(LARGE_PATH, {}, 'GET', setup.berth.origin);
  expect(direct.headers.get('x-accel-redirect')).toMatch(/^\/berth-blobs\/[0-9a-z]{2}\/[0-9a-z]{26}$/);
  expect((await direct.arrayBuffer()).byteLength).toBe(0);

  const whole = await setup.ask(LARGE_PATH);
  expect(whole.status).toBe(200);
  expect(Buffer.from(await whole.arrayBuffer()).equals(LARGE.bytes)).toBe(true);
  const described = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': LARGE.digest,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${LARGE.digest}"`,
    'x-content-type-options': 'nosniff',
  };
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    ...described,
    'accept-ranges': 'bytes',
    'content-length': '1048576',
  });
  expect(whole.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  expect(whole.headers.get('x-accel-redirect')).toBeNull();
  expect(whole.headers.get('last-modified')).toBeNull();

  const part = await setup.ask(LARGE_PATH, { range: 'bytes=1000-1999' });
  expect(part.status).toBe(206);
  expect(Object.fromEntries(part.headers)).toMatchObject({ ...described, 'content-range': 'bytes 1000-1999/1048576' });
  expect(Buffer.from(await part.arrayBuffer()).equals(LARGE.bytes.subarray(1000, 2000))).toBe(true);

  const parts = await setup.ask(LARGE_PATH, { range: 'bytes=0-1,5-6' });
  expect(parts.status).toBe(200);
  expect((await parts.arrayBuffer()).byteLength).toBe(1_048_576);
  const beyond = await setup.ask(LARGE_PATH, { range: 'bytes=1048576-' });
  expect(beyond.status).toBe(416);
  expect(await beyond.json()).toMatchObject({ errors: [{ code: 'RANGE_INVALID' }] });
});

it('small blobs, HEAD and resumptions on a condition come from Berth', async (context) => {
  if ('missing' in nginx) return context.skip(nginx.missing);
  await using setup = await setUp();
  const small = await setup.ask(`/v2/app/blobs/${SMALL.digest}`);
  expect(Buffer.from(await small.arrayBuffer()).equals(SMALL.bytes)).toBe(true);
  const head = await setup.ask(LARGE_PATH, {}, 'HEAD');
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe('1048576');
  const resumed = await setup.ask(LARGE_PATH, { range: 'bytes=1048570-', 'if-range': `"${LARGE.digest}"` });
  expect(resumed.status).toBe(206);
  expect(Buffer.from(await resumed.arrayBuffer()).equals(LARGE.bytes.subarray(1_048_570))).toBe(true);
  const other = await setup.ask(LARGE_PATH, { range: 'bytes=1048570-', 'if-range': '"other"' });
  expect(other.status).toBe(200);
  expect((await other.arrayBuffer()).byteLength).toBe(1_048_576);
});

it('nothing is served around the permission that Berth gives', async (context) => {
  if ('missing' in nginx) return context.skip(nginx.missing);
  await using setup = await setUp();
  const { headers } = await setup.ask(LARGE_PATH, {}, 'GET', setup.berth.origin);
  const file = headers.get('x-accel-redirect') ?? '';
  for (const path of [file, '/berth-blobs/', `/x/..${file}`, `/%62erth-blobs${file.slice('/berth-blobs'.length)}`]) {
    const answer = await setup.ask(path);
    expect(answer.status, path).toBe(404);
    expect((await answer.arrayBuffer()).byteLength, path).toBeLessThan(2000);
  }
  expect((await fetch(`${setup.front.origin}${LARGE_PATH}`)).status).toBe(401);
  // What a client says of itself leads nowhere.
  const told = await setup.ask(`/v2/app/blobs/${SMALL.digest}`, { 'x-accel-redirect': file });
  expect((await told.arrayBuffer()).byteLength).toBe(1000);
});

it('a file that is lost is an error and no absence', async (context) => {
  if ('missing' in nginx) return context.skip(nginx.missing);
  await using setup = await setUp();
  const { headers } = await setup.ask(LARGE_PATH, {}, 'GET', setup.berth.origin);
  const file = (headers.get('x-accel-redirect') ?? '').slice('/berth-blobs/'.length);
  expect(await readdir(join(setup.blobs, file.slice(0, 2)))).toEqual([file.slice(3)]);
  await rename(join(setup.blobs, file), join(setup.blobs, '..', 'lost'));
  expect((await setup.ask(LARGE_PATH)).status).toBe(500);
  expect(await setup.front.errors()).toContain('No such file or directory');
});
