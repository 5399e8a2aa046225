/**
 * The main job from end to end, on real input: an image of real files is pushed over both protocols, and deleted with the
 * two examples of ECR's BatchDeleteImage reference. Ends with 0 only if each step did what it says.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ECR } from '@aws-sdk/client-ecr';
import { startBerth } from '../test/support/berth-process.ts';
import { bytesBelow, megabytes } from './disk.ts';
import { pushOverApi } from './push-over-api.ts';
import { pullManifest, pushOverOci } from './push-over-oci.ts';
import { buildRealImage, type RealImage } from './real-image.ts';
import { type Exchange, exchange } from './wire.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
/** Short, so that the space comes back before your eyes; long enough for the pushes here. */
const COLLECTION = ['--gc-grace', '0s', '--gc-lease', '30s', '--gc-interval', '200ms'];
const PATIENCE = 60_000;

const folder = await mkdtemp(join(tmpdir(), 'berth-demo-'));
try {
  say('Building an image of real files: the Node runtime, the dependencies and the sources of Berth');
  const image = await buildRealImage(project, folder);
  say(`${image.digest}, ${image.layers.length} layers, ${megabytes(image.size)}`);
  assert.ok(image.size >= 100e6, 'the image must have at least 100 MB');

  const dataDir = join(folder, 'data');
  await using berth = await startBerth(['--data-dir', dataDir, ...COLLECTION]);
  say(`berth serve listens at ${berth.origin}`);
  await pushAndDelete(image, berth.origin, join(dataDir, 'blobs'));
  say('Done: every step did what it says.');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function pushAndDelete(image: RealImage, origin: string, blobs: string): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials });
  try {
    const before = await sayBytes(blobs);

    say('Push over OCI (POST, PATCH, PUT, then the manifest) as ubuntu:xenial');
    await ecr.createRepository({ repositoryName: 'ubuntu' });
    const { authorizationData: [data] = [] } = await ecr.getAuthorizationToken({});
    const target = { origin, repository: 'ubuntu', tag: 'xenial', token: data?.authorizationToken ?? '' };
    await timed(() => pushOverOci(image, target));
    assert.deepEqual(await pullManifest(target), image.manifest);
    assert.equal((await sayBytes(blobs)) - before, image.size);

    say('Push the same image through InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload and PutImage');
    say('as mirror:xenial and mirror:latest. The registry has its bytes, so the second copy is thrown away');
    await ecr.createRepository({ repositoryName: 'mirror' });
    await timed(() => pushOverApi(ecr, image, { repository: 'mirror', tags: ['xenial', 'latest'] }));
    assert.deepEqual(await pullManifest({ ...target, repository: 'mirror', tag: 'latest' }), image.manifest);
    await until('there is one copy', async () => (await bytesBelow(blobs)) - before === image.size);
    await sayBytes(blobs);

    say("The first example of the reference: delete by the tag xenial, which is the image's last");
    const byTag = await exchange(origin, 'BatchDeleteImage', {
      repositoryName: 'ubuntu',
      imageIds: [{ imageTag: 'xenial' }],
    });
    show(byTag);
    assert.equal(byTag.body, answerFor([[image.digest, 'xenial']]));
    assert.deepEqual((await ecr.listImages({ repositoryName: 'ubuntu' })).imageIds, []);
    say('The repository mirror still uses the layers, so they stay:');
    assert.equal((await sayBytes(blobs)) - before, image.size);

    say('The second example of the reference: delete by digest the image tagged xenial and latest');
    const byDigest = await exchange(origin, 'BatchDeleteImage', {
      repositoryName: 'mirror',
      imageIds: [{ imageDigest: image.digest }],
    });
    show(byDigest);
    const both = ['xenial', 'latest'].map((tag) => [image.digest, tag] as const);
    assert.equal(byDigest.body, answerFor(both));
    assert.deepEqual((await ecr.listImages({ repositoryName: 'mirror' })).imageIds, []);
    say('Nobody uses the layers now. They go when their leases end, here 30 seconds after the push');
    await until('the space is back', async () => (await bytesBelow(blobs)) === before);
    assert.equal(await sayBytes(blobs), before);
  } finally {
    ecr.destroy();
  }
}

/** The body that the reference shows, byte for byte. */
function answerFor(deleted: readonly (readonly [digest: string, tag: string])[]): string {
  const imageIds = deleted.map(([digest, tag]) => `{"imageDigest":"${digest}","imageTag":"${tag}"}`);
  return `{"failures":[],"imageIds":[${imageIds.join(',')}]}`;
}

async function sayBytes(folder: string): Promise<number> {
  const bytes = await bytesBelow(folder);
  say(`Bytes of blobs on disk: ${megabytes(bytes)}`);
  return bytes;
}

async function timed(work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await work();
  say(`It took ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > PATIENCE) throw new Error(`Waited ${PATIENCE / 1000} s in vain until ${what}`);
    await sleep(100);
  }
  say(`After ${((performance.now() - started) / 1000).toFixed(1)} s ${what}`);
}

function show({ request, response, status }: Exchange): void {
  const indent = (text: string, mark: string) =>
    text
      .split('\r\n')
      .map((line) => `    ${mark} ${line}`)
      .join('\n');
  process.stdout.write(`\n${indent(request, '>')}\n\n${indent(response, '<')}\n\n`);
  assert.equal(status, 200);
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
