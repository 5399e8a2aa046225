import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseDigest } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { appendToUpload, type Chunk, SEGMENT_BYTES } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { beginUpload, cancelUpload, getUpload, type UploadPath } from '../../src/registry/layer/upload-session.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { makeRepository } from '../support/images.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';

const PIECE = Buffer.alloc(1024 * 1024, 'x');
const PIECES = SEGMENT_BYTES / PIECE.byteLength;

async function begin({ ports }: Stores): Promise<UploadPath> {
  const path = await makeRepository(ports, 'app');
  return { ...path, uploadId: await beginUpload(ports, path) };
}

function append({ ports }: Stores, upload: UploadPath, more: Pick<Chunk, 'bytes'> & Partial<Chunk>) {
  return appendToUpload(ports, upload, { first: undefined, length: undefined, ...more });
}

/** Pieces of a chunk, and in the end whatever `then` does. */
async function* pieces(count: number, then: () => Promise<void> = async () => {}): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent++) yield PIECE;
  await then();
}

const offsetOf = async ({ ports }: Stores, upload: UploadPath) => (await getUpload(ports, upload)).offset;

test('A long chunk is noted while it comes, and is one part in the end', async () => {
  await using stores = await openStores();
  const upload = await begin(stores);
  const noted: number[] = [];
  const look = async () => {
    stores.clock.advance(TEST_RETENTION.upload - 1);
    noted.push(await offsetOf(stores, upload));
  };
  async function* watched(): AsyncGenerator<Uint8Array> {
    yield* pieces(PIECES - 1, look);
    yield* pieces(2, look);
    yield* pieces(PIECES, look);
  }
  await append(stores, upload, { bytes: watched() });
  expect(noted).toEqual([0, SEGMENT_BYTES, 2 * SEGMENT_BYTES]);
  const length = SEGMENT_BYTES * 2 + PIECE.byteLength;
  const now = stores.clock.now();
  expect(await getUpload(stores.ports, upload)).toMatchObject({
    offset: length,
    parts: 1,
    lastPartSize: length,
    expiresAt: now + TEST_RETENTION.upload,
  });
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += PIECE.byteLength) hash.update(PIECE);
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  if (digest === undefined) throw new Error('The digest is none');
  expect(await completeUpload(stores.ports, upload, digest)).toMatchObject({ size: length });
  await checkStores(stores);
});

test.each([0, 1])('A long chunk that breaks off %i pieces after a note counts as far as it came', async (more) => {
  await using stores = await openStores();
  const upload = await begin(stores);
  const goneAway = async () => {
    throw new Error('the client went away');
  };
  await expect(append(stores, upload, { bytes: pieces(PIECES + more, goneAway) })).rejects.toThrow('went away');
  const length = SEGMENT_BYTES + more * PIECE.byteLength;
  expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: length, parts: 1, lastPartSize: length });
  await checkStores(stores);
});

test.each([
  ['fewer', (PIECES + 2) * PIECE.byteLength],
  ['more', PIECES * PIECE.byteLength + 1],
])('A long chunk that has %s bytes than it says counts for nothing, and nothing is kept of it', async (_, length) => {
  await using stores = await openStores();
  const upload = await begin(stores);
  const refusal = await append(stores, upload, { bytes: pieces(PIECES + 1), first: 0, length }).catch((error) => error);
  expect(refusal).toBeInstanceOf(Fault);
  expect(refusal).toMatchObject({ code: 'RangeOutOfOrder', facts: { offset: 0 } });
  expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 0, parts: 0, lastPartSize: 0 });
  // Objects cannot be cut: what is dropped of them is trash.
  if (folderOf(stores.bytes) === undefined) await collect(stores.ports);
  expect(await stores.bytesStored()).toBe(0);
  await checkStores(stores);
});

test('An upload that is cancelled in the middle of a long chunk is gone, with all that came before and after', async () => {
  await using stores = await openStores();
  const upload = await begin(stores);
  async function* cancelled(): AsyncGenerator<Uint8Array> {
    yield* pieces(PIECES + 1);
    await cancelUpload(stores.ports, upload);
    await collect(stores.ports);
    yield* pieces(PIECES + 1);
  }
  await expect(append(stores, upload, { bytes: cancelled() })).rejects.toMatchObject({ code: 'UploadNotFound' });
  await collect(stores.ports);
  expect(await stores.bytesStored()).toBe(0);
  await checkStores(stores);
});
