import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExposition } from '../metrics/parse-exposition.ts';
import { startBerth } from '../support/berth-process.ts';
import { buildImage } from '../support/images.ts';
import { Databases, NO_POSTGRES } from '../support/postgres/databases.ts';
import { clientOf, expectPullable, push } from '../support/push-and-read.ts';
import { refusedStart, runBerth } from '../support/run-berth.ts';
import { startAnyS3 } from '../support/s3/start-any-s3.ts';
import type { TestS3 } from '../support/s3/test-s3.ts';
import { tempFolder } from '../support/temp-folder.ts';

let s3: TestS3;
beforeAll(async () => {
  s3 = await startAnyS3();
});
afterAll(() => s3[Symbol.asyncDispose]());

const access = () => ({
  env: { AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey },
  flags: ['--s3-endpoint', s3.endpoint, '--s3-path-style'],
});

/** The flags for a place below a bucket. */
const below = (bucket: string, prefix = 'images') => ['--blobs', `s3://${bucket}/${prefix}`, ...access().flags];

describe('berth serve --blobs s3://…', () => {
  it('keeps bytes in the bucket, and nothing of them in the folder of the database', async () => {
    await using folder = await tempFolder();
    const { env } = access();
    const flags = ['--data-dir', folder.path, ...below(await s3.freshBucket())];
    const killed = await startBerth(flags, { env });
    await push(clientOf(killed), 'kept');
    await killed.kill('SIGKILL');

    await using berth = await startBerth(flags, { env });
    await expectPullable(berth, 'kept');
    const files = await readdir(folder.path);
    expect(files).toContain('berth.db');
    expect(files.filter((name) => ['blobs', 'uploads', 'store-id'].includes(name))).toEqual([]);
    const ready = await fetch(`${berth.origin}/readyz?verbose`);
    expect(await ready.text()).toBe('[+] metadata\n[+] bucket\n[+] serving\nok\n');
    const metrics = parseExposition(await (await fetch(`${berth.origin}/metrics`)).text());
    expect(metrics.get('berth_build_info')?.samples.keys().next().value).toContain('database="sqlite",blobs="s3"');
    const requests = metrics.get('berth_s3_requests_total')?.samples;
    expect(requests?.get('operation="GetObject",outcome="success"')).toBeGreaterThan(0);
  });

  it('sends who pulls a blob to the bucket, as clients reach it, or sends the blob itself, as the settings say', async () => {
    await using folder = await tempFolder();
    const { env } = access();
    const flags = ['--data-dir', folder.path, ...below(await s3.freshBucket())];
    const outside = s3.endpoint.replace('127.0.0.1', 'localhost');
    const [config] = buildImage('app').blobs;
    const pull = async (more: readonly string[]) => {
      await using berth = await startBerth([...flags, ...more], { env });
      const ecr = clientOf(berth);
      if (more.length === 0) await push(ecr, 'app');
      const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
      const layerDigest = config?.digest ?? '';
      const { downloadUrl = '' } = await ecr.getDownloadUrlForLayer({ repositoryName: 'app', layerDigest });
      const answer = await fetch(`${berth.origin}/v2/app/blobs/${layerDigest}`, {
        headers: { authorization: `Basic ${token?.authorizationToken}` },
        redirect: 'manual',
      });
      const places = [answer.headers.get('location') ?? berth.origin, downloadUrl].map((url) => new URL(url).origin);
      const bytes = await (await fetch(downloadUrl)).bytes();
      expect(Buffer.from(bytes)).toEqual(config?.bytes);
      return { status: answer.status, places, here: berth.origin };
    };
    expect(await pull([])).toMatchObject({ status: 307, places: [s3.endpoint, s3.endpoint] });
    const asClientsDo = await pull(['--s3-public-endpoint', outside]);
    expect(asClientsDo).toMatchObject({ status: 307, places: [outside, outside] });
    const through = await pull(['--no-blob-redirects']);
    expect(through).toMatchObject({ status: 200, places: [through.here, through.here] });
  });

  it('refuses a bucket that another database has written to, and a database whose bytes are elsewhere', async () => {
    await using one = await tempFolder();
    await using two = await tempFolder();
    await using three = await tempFolder();
    const { env } = access();
    const bucket = await s3.freshBucket();
    const berth = await startBerth(['--data-dir', one.path, ...below(bucket)], { env });
    await push(clientOf(berth), 'app');
    await berth.kill('SIGTERM');
    await (await startBerth(['--data-dir', two.path])).kill('SIGTERM');

    const foreign = await refusedStart(['--data-dir', two.path, ...below(bucket)], env);
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('belong to different registries') });
    const lost = await refusedStart(['--data-dir', three.path, ...below(bucket)], env);
    expect(lost).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${join(three.path, 'berth.db')} is missing`),
    });
    const elsewhere = await refusedStart(['--data-dir', one.path, ...below(bucket, 'other')], env);
    expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('has none of them') });
  });

  it('answers that it cannot reach the bucket as something to try again, and is not ready', async () => {
    await using folder = await tempFolder();
    const passing = await startAnyS3();
    const { env } = access();
    const place = ['--blobs', `s3://${await passing.freshBucket()}`, '--s3-endpoint', passing.endpoint];
    const flags = ['--data-dir', folder.path, ...place, '--s3-path-style', '--log-format', 'json'];
    await using berth = await startBerth(flags, { env });
    const ecr = clientOf(berth);
    await ecr.createRepository({ repositoryName: 'app' });
    const { uploadId } = await ecr.initiateLayerUpload({ repositoryName: 'app' });
    await passing[Symbol.asyncDispose]();

    // More than the database would keep until the upload is completed.
    const part = { partFirstByte: 0, partLastByte: 19_999, layerPartBlob: Buffer.alloc(20_000) };
    const refusal = await ecr.uploadLayerPart({ repositoryName: 'app', uploadId, ...part }).catch((error) => error);
    expect(refusal).toMatchObject({ name: 'ServerException', $metadata: { httpStatusCode: 500 } });
    expect(String(refusal)).toContain('The registry cannot reach its store of blobs now');
    const lines = berth
      .said()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter((line) => line['requestId'] === refusal.$metadata.requestId)).toMatchObject([
      { level: 'warn', store: 'blobs', msg: 'a store is not available', err: { message: expect.any(String) } },
    ]);
    const ready = await fetch(`${berth.origin}/readyz?verbose`);
    expect([ready.status, await ready.text()]).toEqual([503, '[+] metadata\n[-] bucket\n[+] serving\nnot ready\n']);
    expect((await fetch(`${berth.origin}/livez`)).status).toBe(200);
  });

  it('says what is wrong with the bucket, without a stack', async () => {
    await using folder = await tempFolder();
    const { env } = access();
    const start = (flags: readonly string[], more: Record<string, string> = {}) =>
      refusedStart(['--data-dir', folder.path, ...flags], { ...env, ...more });
    const missing = await start(below('no-such-bucket'));
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the bucket no-such-bucket does not exist'),
    });
    const away = await start(['--blobs', 's3://bucket', '--s3-endpoint', 'http://127.0.0.1:1', '--s3-path-style']);
    expect(away).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be reached at http://127.0.0.1:1') });
    for (const { stderr } of [missing, away]) expect(stderr).not.toMatch(/^ +at /m);
    expect(await readdir(folder.path)).not.toContain('berth.db');
  });
});

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

describe.skipIf(NO_POSTGRES)('berth serve --database postgres://… --blobs s3://…', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  it('serves from two processes at once, which need no folder and write to none', async () => {
    await using home = await tempFolder();
    const { env } = access();
    const database = await (await databases.cluster()).freshDatabase();
    const flags = ['--database', database, ...below(await s3.freshBucket())];
    // The compiled program is kept in the user's cache, wherever Berth's own things are.
    const alone = { ...env, HOME: home.path, XDG_DATA_HOME: '', XDG_CACHE_HOME: '' };
    const [one, two] = await Promise.all([startBerth(flags, { env: alone }), startBerth(flags, { env: alone })]);
    try {
      await push(clientOf(one), 'app');
      await expectPullable(two, 'app');
      await clientOf(two).batchDeleteImage({ repositoryName: 'app', imageIds: [{ imageTag: 'v1' }] });
      expect((await clientOf(one).listImages({ repositoryName: 'app' })).imageIds).toEqual([]);
      await push(clientOf(two), 'other');
      await expectPullable(one, 'other');
      const ready = await fetch(`${two.origin}/readyz?verbose`);
      expect(await ready.text()).toBe('[+] database\n[+] bucket\n[+] serving\nok\n');
      // Beside servers that run: nothing has to be locked.
      expect(await runBerth(['fsck', '--deep', ...flags], alone)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Nothing was found.'),
      });
    } finally {
      await Promise.all([one.kill('SIGTERM'), two.kill('SIGTERM')]);
    }
    expect(await readdir(home.path)).toEqual(['.cache']);
  });
});
