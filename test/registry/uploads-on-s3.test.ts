import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { sweepUploads } from '../../src/registry/collection/sweep-uploads.ts';
import { appendToUpload, SEGMENT_BYTES } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { findBlob } from '../../src/registry/layer/find-blobs.ts';
import {
  beginUpload,
  cancelUpload,
  getUpload,
  positionOf,
  type UploadPath,
} from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { chunksOf, makeRepository } from '../support/images.ts';
import { LyingS3 } from '../support/s3/lying-s3.ts';
import { type OpenedS3, objectsIn, openOn } from '../support/s3/s3-under-test.ts';
import { openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';

const MIB = 1024 * 1024;
const s3 = await LyingS3.start();
afterAll(() => s3[Symbol.asyncDispose]());

let metadata: Stores;
let bucket: OpenedS3;
/** Two processes over one database and one bucket. */
let one: Ports;
let other: Ports;
const opened: OpenedS3[] = [];

beforeEach(async () => {
  metadata = await openStores();
  // What is in the bucket was put there by the clock on the wall.
  metadata.clock.setTo(Date.now());
  bucket = await openOn(s3, {}, metadata.clock);
  const another = await openOn(s3, { bucket: bucket.place.bucket }, metadata.clock);
  opened.push(bucket, another);
  one = { ...metadata.ports, blobs: bucket.blobs, uploads: bucket.uploads };
  other = { ...metadata.ports, blobs: another.blobs, uploads: another.uploads };
});

afterEach(async () => {
  for (const stores of opened.splice(0)) await stores[Symbol.asyncDispose]();
  await metadata[Symbol.asyncDispose]();
  s3.honest.gatherings.clear();
});

let repositories = 0;

async function begin(): Promise<UploadPath> {
  const path = await makeRepository(one, `app-${++repositories}`);
  return { ...path, uploadId: await beginUpload(one, path) };
}

function append(ports: Ports, upload: UploadPath, content: Uint8Array | string, length?: number) {
  const bytes = chunksOf(Buffer.from(content));
  return appendToUpload(ports, upload, { bytes, first: undefined, length });
}

async function contentOf(ports: Ports, upload: UploadPath, digest: string): Promise<Buffer | undefined> {
  const found = await findBlob(ports, upload, digest);
  return found && buffer(await ports.blobs.open(found.storageKey));
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  const refusal = await work.catch((error: unknown) => error);
  return refusal instanceof Fault ? refusal.code : undefined;
}

/** That nothing in the bucket is unknown, and no bytes of a blob are missing. */
async function expectInOrder(): Promise<void> {
  const { findings } = await runCheck(one, { deep: true, repair: false, strayAge: -Infinity, patience: Infinity });
  expect(findings).toEqual([]);
}

/** When everything has been collected, the bucket has the bytes of blobs and nothing else. */
async function expectOnly(...sizes: readonly number[]): Promise<void> {
  await collect(one);
  expect([...(await objectsIn(bucket)).values()].sort()).toEqual([...sizes].sort());
  expect(s3.honest.gatherings.size).toBe(0);
  await expectInOrder();
}

describe('An upload to S3', () => {
  test('goes from process to process, chunk by chunk, and leaves its blob and nothing else', async () => {
    const content = randomBytes(20 * MIB + 3);
    const upload = await begin();
    let at = 0;
    for (const [turn, size] of [3, 6 * MIB, 1, 9 * MIB, 5 * MIB - 1].entries()) {
      await append(turn % 2 === 0 ? one : other, upload, content.subarray(at, at + size));
      await expectInOrder();
      await collect(one);
      await expectInOrder();
      at += size;
    }
    await completeUpload(other, upload, digestOf(content));
    expect((await contentOf(one, upload, digestOf(content)))?.equals(content)).toBe(true);
    await expectOnly(content.byteLength);
  });

  test.each([3, 20_000, 9 * MIB])('that is cancelled after %i bytes leaves nothing', async (size) => {
    const upload = await begin();
    await append(one, upload, randomBytes(size));
    await append(one, upload, 'and more');
    await cancelUpload(other, upload);
    await expectOnly();
  });

  test.each([3, 20_000, 9 * MIB])('that expires after %i bytes leaves nothing', async (size) => {
    const upload = await begin();
    await append(one, upload, randomBytes(size));
    metadata.clock.advance(TEST_RETENTION.upload);
    await expectOnly();
    expect(await codeOf(append(one, upload, 'x'))).toBe('UploadNotFound');
  });

  test.each([3, 20_000, 9 * MIB])(
    'with another digest, of %i bytes, is ended by whichever process finds out',
    async (size) => {
      for (const completer of [one, other]) {
        const upload = await begin();
        await append(one, upload, randomBytes(size));
        expect(await codeOf(completeUpload(completer, upload, digestOf(Buffer.from('wrong'))))).toBe('InvalidLayer');
        await expectOnly();
      }
    },
  );

  test('of bytes that are there already is linked to those, and its own go', async () => {
    const content = randomBytes(6 * MIB);
    for (const [turn, ports] of [one, other, one].entries()) {
      const path = await makeRepository(one, `other-${turn}`);
      const upload = { ...path, uploadId: await beginUpload(ports, path) };
      await append(ports, upload, content);
      await completeUpload(ports, upload, digestOf(content));
    }
    await expectOnly(content.byteLength);
  });

  test('goes back to where it stood before a long chunk that is refused at its end, small or large', async () => {
    for (const size of [3, 9 * MIB]) {
      const upload = await begin();
      const kept = randomBytes(size);
      await append(one, upload, kept);
      const before = await getUpload(one, upload);
      // So long that some of it is noted on its way; then fewer bytes come than were announced.
      const long = Buffer.alloc(SEGMENT_BYTES + MIB);
      expect(await codeOf(append(one, upload, long, long.byteLength + 1))).toBe('RangeOutOfOrder');
      expect(await getUpload(one, upload)).toMatchObject({ offset: size, state: before.state, parts: 1 });
      await collect(one);
      await append(other, upload, ' on');
      const whole = Buffer.concat([kept, Buffer.from(' on')]);
      await completeUpload(one, upload, digestOf(whole));
      expect((await contentOf(other, upload, digestOf(whole)))?.equals(whole)).toBe(true);
    }
    await expectOnly(6, 9 * MIB + 3);
  });
});

describe('A process that is stopped in the middle and wakes up late', () => {
  test.each([
    ['bytes that are too few for a part', 20_000, 30_000, 'PutObject'],
    ['a part', 8 * MIB, 6 * MIB, 'UploadPart'],
  ] as const)(
    'while it writes %s finds that the upload has been completed elsewhere, and harms nothing',
    async (_, had, gets, operation) => {
      const upload = await begin();
      const [kept, rest] = [randomBytes(had), randomBytes(gets)];
      await append(other, upload, kept);
      const held = s3.plant(operation, 'held');
      const late = codeOf(append(one, upload, randomBytes(gets)));
      await held.told;
      await append(other, upload, rest);
      const whole = Buffer.concat([kept, rest]);
      await completeUpload(other, upload, digestOf(whole));
      await collect(other);
      await held.release();
      expect(await late).toBe('UploadNotFound');
      expect((await contentOf(one, upload, digestOf(whole)))?.equals(whole)).toBe(true);
      await expectOnly(whole.byteLength);
    },
  );

  test('while it completes finds that the upload has been cancelled and collected, and what it made goes', async () => {
    const upload = await begin();
    const content = randomBytes(9 * MIB);
    await append(one, upload, content);
    const held = s3.plant('CompleteMultipartUpload', 'done again later');
    const key = await one.uploads.commit(positionOf(await getUpload(one, upload)), digestOf(content));
    // The object is there, and nothing says so yet.
    expect((await one.blobs.stat([key])).size).toBe(1);
    await expectInOrder();
    await cancelUpload(other, upload);
    await expectOnly();
    await held.release();
    await expectOnly();
    expect(await codeOf(completeUpload(one, upload, digestOf(content)))).toBe('UploadNotFound');
  });

  test('with a completion on its way that arrives after the upload was cancelled makes no blob, and leaves nothing', async () => {
    const upload = await begin();
    const content = randomBytes(9 * MIB);
    await append(one, upload, content);
    const held = s3.plant('CompleteMultipartUpload', 'held');
    const late = codeOf(completeUpload(one, upload, digestOf(content)));
    await held.told;
    await cancelUpload(other, upload);
    await held.release();
    expect(await late).toBe('UploadNotFound');
    expect(await findBlob(one, upload, digestOf(content))).toBeUndefined();
    await expectOnly();
  });

  test.each([
    [
      'completed',
      async (upload: UploadPath) => {
        await append(other, upload, ' and more');
        await completeUpload(other, upload, digestOf(Buffer.from('few and more')));
      },
      'few and more',
    ],
    ['cancelled', (upload: UploadPath) => cancelUpload(other, upload), undefined],
  ])(
    'with few bytes on their way that arrive after the upload was %s elsewhere harms nothing, and leaves nothing',
    async (_, end, left) => {
      const upload = await begin();
      await append(one, upload, 'few');
      expect(await objectsIn(bucket)).toEqual(new Map());
      const held = s3.plant('PutObject', 'held');
      const late = codeOf(completeUpload(one, upload, digestOf(Buffer.from('few'))));
      await held.told;
      await end(upload);
      await collect(other);
      await held.release();
      expect(await late).toBe('UploadNotFound');
      expect(await findBlob(one, upload, digestOf(Buffer.from('few')))).toBeUndefined();
      if (left === undefined) return expectOnly();
      expect((await contentOf(one, upload, digestOf(Buffer.from(left))))?.toString()).toBe(left);
      await expectOnly(left.length);
    },
  );

  test('while it completes what another process has gone on with meanwhile is told so, and no blob has a name that is trash', async () => {
    const upload = await begin();
    const content = Buffer.from('content');
    await append(one, upload, content);
    // Looks whether the bytes are known already, at the moment when the other one goes on.
    const completing = completeUpload(
      {
        ...one,
        uploads: {
          ...one.uploads,
          namesOf: (at) => one.uploads.namesOf(at),
          commit: async (at, digest) => {
            const key = await one.uploads.commit(at, digest);
            await append(other, upload, ' and more');
            return key;
          },
        },
      },
      upload,
      digestOf(content),
    );
    expect(await codeOf(completing)).toBe('UploadBusy');
    await collect(one);
    await expectInOrder();
    const whole = Buffer.from('content and more');
    await completeUpload(one, upload, digestOf(whole));
    expect((await contentOf(other, upload, digestOf(whole)))?.equals(whole)).toBe(true);
    await expectOnly(whole.byteLength);
  });

  test('of two that complete the same upload one makes the blob, and the other leaves it alone', async () => {
    for (const size of [7, 20_000, 9 * MIB]) {
      const upload = await begin();
      const content = randomBytes(size);
      await append(one, upload, content);
      const codes = await Promise.all([
        codeOf(completeUpload(one, upload, digestOf(content))),
        codeOf(completeUpload(other, upload, digestOf(content))),
      ]);
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
      expect((await contentOf(one, upload, digestOf(content)))?.equals(content)).toBe(true);
    }
    await expectOnly(7, 20_000, 9 * MIB);
  });
});

describe('What a process that was killed leaves behind', () => {
  test('before it has noted parts that it began is swept when it is as old as uploads become, and not before', async () => {
    const upload = await begin();
    await append(one, upload, randomBytes(9 * MIB));
    const position = { key: metadata.ports.ids.storageKey(), length: 0, state: undefined };
    await one.uploads.append(position, chunksOf(randomBytes(9 * MIB)));
    expect(s3.honest.gatherings.size).toBe(2);
    expect(await sweepUploads(one)).toBe(0);
    metadata.clock.advance(TEST_RETENTION.upload + 10_000);
    // The upload whose row is there expires by itself.
    expect(await sweepUploads(one)).toBe(1);
    await collect(one);
    expect(s3.honest.gatherings.size).toBe(0);
  });

  test('before it has noted an object is found by the check, which leaves it to the collector', async () => {
    const upload = await begin();
    await append(one, upload, 'known');
    const position = { key: metadata.ports.ids.storageKey(), length: 0, state: undefined };
    await one.uploads.append(position, chunksOf(randomBytes(20_000)));
    const options = { deep: false, patience: Infinity, strayAge: -Infinity };
    const { findings } = await runCheck(one, { ...options, repair: false });
    expect(findings.map(({ kind }) => kind)).toEqual(['stray bytes']);
    await runCheck(one, { ...options, repair: true, force: true });
    await collect(one);
    await expectInOrder();
    await completeUpload(other, upload, digestOf(Buffer.from('known')));
    await expectOnly(5);
  });
});
