import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { expireUploads } from '../../src/registry/collection/expire-uploads.ts';
import { appendToUpload, type Chunk, MAX_LAYER_BYTES, MIN_PART_BYTES } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { findBlob, promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import {
  beginUpload,
  cancelUpload,
  getUpload,
  positionOf,
  type UploadPath,
} from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, chunksOf, makeRepository, pushBlob, REGISTRY } from '../support/images.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { HOUR, openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';
import { memoryFolder } from '../support/temp-folder.ts';

const digest = (content: string) => digestOf(Buffer.from(content));

async function begin({ ports }: Stores, name = 'app'): Promise<UploadPath> {
  const path = await makeRepository(ports, name);
  return { ...path, uploadId: await beginUpload(ports, path) };
}

function append(ports: Ports, upload: UploadPath, content: string | Uint8Array, more: Partial<Chunk> = {}) {
  const bytes = chunksOf(typeof content === 'string' ? Buffer.from(content) : content);
  return appendToUpload(ports, upload, { bytes, first: undefined, length: undefined, ...more });
}

async function refusalOf(work: Promise<unknown>): Promise<Fault> {
  const refusal = await work.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Fault);
  return refusal as Fault;
}

async function contentOf({ ports }: Stores, path: RepositoryPath, content: string): Promise<string | undefined> {
  const found = await findBlob(ports, path, digest(content));
  return found && (await buffer(await ports.blobs.open(found.storageKey))).toString();
}

describe('An upload', () => {
  test('becomes a blob of its repository, chunk by chunk', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 0, parts: 0 });
    expect(await append(stores.ports, upload, 'one ', { first: 0, length: 4 })).toMatchObject({ offset: 4, parts: 1 });
    expect(await append(stores.ports, upload, 'two', { first: 4 })).toMatchObject({ offset: 7, parts: 2 });
    expect(await append(stores.ports, upload, '')).toMatchObject({ offset: 7, parts: 3 });
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 7, parts: 3, lastPartSize: 0 });
    const done = await completeUpload(stores.ports, upload, digest('one two'));
    expect(done).toEqual({ alreadyThere: false, healed: false, size: 7 });
    expect(await contentOf(stores, upload, 'one two')).toBe('one two');
    expect((await refusalOf(getUpload(stores.ports, upload))).code).toBe('UploadNotFound');
    await checkStores(stores);
  });

  test('without a byte becomes the empty blob', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    expect(await completeUpload(stores.ports, upload, digest(''))).toEqual({
      alreadyThere: false,
      healed: false,
      size: 0,
    });
    expect(await contentOf(stores, upload, '')).toBe('');
    await collect(stores.ports);
    await checkStores(stores);
  });

  test('is unknown in any other repository, account or region, and to any other spelling of its id', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    const strangers: UploadPath[] = [
      { ...(await makeRepository(stores.ports, 'other')), uploadId: upload.uploadId },
      {
        ...(await makeRepository(stores.ports, 'app', { ...REGISTRY, id: '111111111111' })),
        uploadId: upload.uploadId,
      },
      {
        ...(await makeRepository(stores.ports, 'app', { ...REGISTRY, region: 'eu-west-1' })),
        uploadId: upload.uploadId,
      },
      { ...upload, uploadId: upload.uploadId.toUpperCase() },
      { ...upload, uploadId: `${upload.uploadId}/` },
      { ...upload, uploadId: '' },
      { ...upload, uploadId: "' OR 1=1 --" },
    ];
    for (const stranger of strangers) {
      const attempts = [
        () => append(stores.ports, stranger, 'x'),
        () => completeUpload(stores.ports, stranger, digest('')),
        () => cancelUpload(stores.ports, stranger),
        () => getUpload(stores.ports, stranger),
      ];
      for (const attempt of attempts) expect((await refusalOf(attempt())).code).toBe('UploadNotFound');
    }
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 0, parts: 0 });
  });

  test('of a repository that does not exist is refused as that', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    const missing = { ...upload, repositoryName: 'missing' } as UploadPath;
    expect((await refusalOf(beginUpload(stores.ports, missing))).code).toBe('RepositoryNotFound');
    expect((await refusalOf(append(stores.ports, missing, 'x'))).code).toBe('RepositoryNotFound');
    expect((await refusalOf(completeUpload(stores.ports, missing, digest('')))).code).toBe('RepositoryNotFound');
  });

  test('that is cancelled is gone, and so are its bytes', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'content');
    await cancelUpload(stores.ports, upload);
    expect((await refusalOf(append(stores.ports, upload, 'x'))).code).toBe('UploadNotFound');
    expect((await refusalOf(cancelUpload(stores.ports, upload))).code).toBe('UploadNotFound');
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });

  test('that nobody goes on with expires, counted from its last byte', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    stores.clock.advance(TEST_RETENTION.upload - 1);
    await append(stores.ports, upload, 'content');
    stores.clock.advance(TEST_RETENTION.upload - 1);
    expect(await expireUploads(stores.ports)).toBe(0);
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 7 });
    stores.clock.advance(1);
    expect(await expireUploads(stores.ports)).toBe(1);
    expect((await refusalOf(append(stores.ports, upload, 'x'))).code).toBe('UploadNotFound');
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
  });
});

async function* breaksOffAfter(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
  throw new Error('the client went away');
}

describe('A chunk', () => {
  test.each([
    ['leaves a gap', { first: 8, length: 1 }],
    ['goes back', { first: 6, length: 1 }],
    ['repeats the one before', { first: 0, length: 7 }],
    ['begins beyond all numbers', { first: Number.MAX_SAFE_INTEGER, length: 1 }],
    ['begins before the first byte', { first: -1, length: 1 }],
    ['has fewer bytes than it says', { first: 7, length: 2 }],
    ['has more bytes than it says', { first: 7, length: 0 }],
  ])('that %s is out of order, says where to go on, and changes nothing', async (_, claims) => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'content');
    const refusal = await refusalOf(append(stores.ports, upload, 'x', claims));
    expect([refusal.code, refusal.facts]).toEqual(['RangeOutOfOrder', expect.objectContaining({ offset: 7 })]);
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 7, parts: 1 });
    await completeUpload(stores.ports, upload, digest('content'));
    expect(await contentOf(stores, upload, 'content')).toBe('content');
  });

  test.each([
    ['of any length', {}],
    ['of a given length', { first: 5, length: 9 }],
  ])('%s whose sender goes away counts as far as it came, and the upload goes on from there', async (_, claims) => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'kept ');
    const cut = append(stores.ports, upload, '', { bytes: breaksOffAfter('as far '), ...claims });
    await expect(cut).rejects.toThrow('the client went away');
    expect(await getUpload(stores.ports, upload)).toMatchObject({ offset: 12, parts: 2 });
    await append(stores.ports, upload, 'as it came', { first: 12, length: 10 });
    await completeUpload(stores.ports, upload, digest('kept as far as it came'));
    expect(await contentOf(stores, upload, 'kept as far as it came')).toBe('kept as far as it came');
    await checkStores(stores);
  });

  test('whose sender goes away before its first byte changes nothing', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'kept');
    const before = await getUpload(stores.ports, upload);
    stores.clock.advance(1);
    await expect(append(stores.ports, upload, '', { bytes: breaksOffAfter() })).rejects.toThrow('went away');
    expect(await getUpload(stores.ports, upload)).toEqual(before);
  });

  test('that comes while another one is still coming is refused as busy, and so is completion', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'one ');
    const begun = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('tw');
      begun.resolve();
      await rest.promise;
      yield Buffer.from('o');
    }
    const slow = append(stores.ports, upload, '', { bytes: slowly() });
    await begun.promise;
    const attempts = [
      () => append(stores.ports, upload, 'x'),
      () => completeUpload(stores.ports, upload, digest('one ')),
    ];
    for (const attempt of attempts) {
      const refusal = await refusalOf(attempt());
      expect([refusal.code, refusal.facts]).toEqual(['UploadBusy', expect.objectContaining({ offset: 4 })]);
    }
    rest.resolve();
    expect(await slow).toMatchObject({ offset: 7, parts: 2 });
    await completeUpload(stores.ports, upload, digest('one two'));
  });

  test('that would make the layer larger than ECR allows is refused while it comes', async ({ skip }) => {
    await using stores = await openStores();
    const folder = folderOf(stores.bytes) ?? skip('only a file can be that large and take next to nothing');
    const upload = await begin(stores);
    const { id, offset, parts } = await getUpload(stores.ports, upload);
    await stores.ports.metadata.write(async (tx) => {
      const next = {
        offset: MAX_LAYER_BYTES - 2,
        parts: 1,
        hasSmallPart: false,
        lastPartSize: 9,
        expiresAt: HOUR * 1e6,
        state: undefined,
      };
      await tx.uploads.advance({ ...(await getUpload(stores.ports, upload)), id, offset, parts }, next, []);
    });
    const { storageKey } = await getUpload(stores.ports, upload);
    // A file with a hole: as large as a layer can be, and next to nothing on the disk.
    const file = join(folder, 'uploads', storageKey);
    await writeFile(file, '');
    await truncate(file, MAX_LAYER_BYTES - 2);
    const refusal = await refusalOf(append(stores.ports, upload, 'xyz'));
    expect([refusal.code, refusal.facts]).toEqual([
      'UploadTooLarge',
      expect.objectContaining({ limit: 54_525_952_000 }),
    ]);
    expect(await append(stores.ports, upload, 'xy')).toMatchObject({ offset: MAX_LAYER_BYTES });
  });
});

describe('The parts of an upload', () => {
  const part = (size: number) => Buffer.alloc(size);

  test.each([
    ['one small part', [3], false],
    ['a small part at the end', [MIN_PART_BYTES, 3], false],
    ['parts of the least size', [MIN_PART_BYTES, MIN_PART_BYTES], false],
    ['a part that is a byte too small, not at the end', [MIN_PART_BYTES - 1, 3], true],
    ['a small part in the middle', [MIN_PART_BYTES, 3, MIN_PART_BYTES], true],
    ['an empty part in the middle', [MIN_PART_BYTES, 0, 1], true],
  ])('tell whether one that is not the last is too small: %s', async (_, sizes, expected) => {
    await using stores = await openStores();
    const upload = await begin(stores);
    for (const size of sizes) await append(stores.ports, upload, part(size));
    const state = await getUpload(stores.ports, upload);
    expect(state).toMatchObject({ parts: sizes.length, hasSmallPart: expected, lastPartSize: sizes.at(-1) });
  });
});

describe('A completion', () => {
  test('with another digest ends the upload, and its bytes go', async () => {
    await using stores = await openStores();
    const upload = await begin(stores);
    await append(stores.ports, upload, 'content');
    const refusal = await refusalOf(completeUpload(stores.ports, upload, digest('contend')));
    expect([refusal.code, refusal.facts]).toEqual([
      'InvalidLayer',
      expect.objectContaining({ layerDigest: digest('contend') }),
    ]);
    expect((await refusalOf(completeUpload(stores.ports, upload, digest('content')))).code).toBe('UploadNotFound');
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });

  test('of bytes that the registry has keeps one copy; whether the repository saw it before is told', async () => {
    await using stores = await openStores();
    const [one, other] = [await makeRepository(stores.ports, 'one'), await makeRepository(stores.ports, 'other')];
    const blob = blobOf('content');
    await pushBlob(stores.ports, one, blob);
    for (const [path, alreadyThere] of [
      [one, true],
      [other, false],
      [other, true],
    ] as const) {
      const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
      await append(stores.ports, upload, 'content');
      expect(await completeUpload(stores.ports, upload, blob.digest)).toEqual({ alreadyThere, healed: false, size: 7 });
    }
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(7);
    await checkStores(stores);
  });

  test('after a crash between the bytes and the metadata leaves nothing: the upload is unknown, and its bytes go in time', async ({
    skip,
  }) => {
    await using stores = await openStores();
    if (folderOf(stores.bytes) === undefined) skip('of an object the completion is done once more');
    const upload = await begin(stores);
    await append(stores.ports, upload, 'content');
    await stores.ports.uploads.commit(positionOf(await getUpload(stores.ports, upload)), digest('content'));
    expect((await refusalOf(completeUpload(stores.ports, upload, digest('content')))).code).toBe('UploadNotFound');
    expect((await refusalOf(append(stores.ports, upload, 'x'))).code).toBe('UploadNotFound');
    expect(await findBlob(stores.ports, upload, digest('content'))).toBeUndefined();
    stores.clock.advance(TEST_RETENTION.upload);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });

  test('is possible in the next process, and refused when a crash took bytes that were not durable', async ({
    skip,
  }) => {
    await using folder = await memoryFolder();
    const [whole, cut] = await (async () => {
      await using stores = await openStores({ folder: folder.path });
      const path = await makeRepository(stores.ports, 'app');
      const uploads: UploadPath[] = [];
      for (const content of ['whole', 'cut']) {
        const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
        await append(stores.ports, upload, content);
        uploads.push(upload);
      }
      return uploads;
    })();
    await using stores = await openStores({ folder: folder.path });
    if (!whole || !cut) throw new Error('The uploads are missing');
    expect(await completeUpload(stores.ports, whole, digest('whole'))).toMatchObject({ size: 5 });
    const { storageKey } = await getUpload(stores.ports, cut);
    const bytesFolder = folderOf(stores.bytes) ?? skip('a crash takes no bytes of an object store');
    await truncate(join(bytesFolder, 'uploads', storageKey), 1);
    expect((await refusalOf(completeUpload(stores.ports, cut, digest('cut')))).code).toBe('UploadNotFound');
    await checkStores(stores);
  });
});

describe('A mount', () => {
  test('lets a repository see a blob of another one of the same registry', async () => {
    await using stores = await openStores();
    const [source, target] = [
      await makeRepository(stores.ports, 'source'),
      await makeRepository(stores.ports, 'target'),
    ];
    const blob = blobOf('content');
    await pushBlob(stores.ports, source, blob);
    expect(await promiseBlobs(stores.ports, target, [blob.digest])).toEqual([]);
    expect(await mountBlob(stores.ports, target, source, blob.digest)).toBe(true);
    expect(await mountBlob(stores.ports, target, source, blob.digest)).toBe(true);
    expect(await contentOf(stores, target, 'content')).toBe('content');
    expect(await stores.bytesStored()).toBe(7);
  });

  test('says no when the source, or the blob in the source, is not there; only a missing target is a fault', async () => {
    await using stores = await openStores();
    const [source, target] = [
      await makeRepository(stores.ports, 'source'),
      await makeRepository(stores.ports, 'target'),
    ];
    const missing = { ...source, repositoryName: 'missing' } as RepositoryPath;
    const blob = blobOf('content');
    await pushBlob(stores.ports, await makeRepository(stores.ports, 'third'), blob);
    expect(await mountBlob(stores.ports, target, source, blob.digest)).toBe(false);
    expect(await mountBlob(stores.ports, target, missing, blob.digest)).toBe(false);
    expect(await mountBlob(stores.ports, target, source, 'nonsense')).toBe(false);
    expect(await findBlob(stores.ports, target, blob.digest)).toBeUndefined();
    const refusal = await refusalOf(mountBlob(stores.ports, missing, source, blob.digest));
    expect(refusal.code).toBe('RepositoryNotFound');
  });
});
