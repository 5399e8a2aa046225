import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BytesMissing, type UploadPosition } from '../../src/blobs/blob-store.ts';
import { digestOf } from '../../src/model/digest.ts';
import { randomIds, type StorageKey } from '../../src/model/ids.ts';
import { sent } from '../contract/sent.ts';
import { chunksOf } from '../support/images.ts';
import { type Lie, LyingS3 } from '../support/s3/lying-s3.ts';
import { type OpenedS3, objectsIn, openOn } from '../support/s3/s3-under-test.ts';

const MIB = 1024 * 1024;
const ids = randomIds();
const LARGE = randomBytes(9 * MIB);
const SMALL = Buffer.from('small content');

let s3: LyingS3;
let stores: OpenedS3;

beforeEach(async () => {
  s3 = await LyingS3.start();
  stores = await openOn(s3);
});

afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
});

const begin = (): UploadPosition => ({ key: ids.storageKey(), length: 0, state: undefined });

async function store(content: Uint8Array, { uploads } = stores): Promise<StorageKey> {
  return uploads.commit(await uploads.append(begin(), chunksOf(content)), digestOf(content));
}

async function contentOf(key: StorageKey): Promise<Buffer> {
  return buffer(await stores.blobs.open(key));
}

describe('A store that is busy, failing or out of reach for a moment', () => {
  const lies = ['slow down', 'internal error', 'never arrived', 'answer lost'] as const;

  test.each(lies)('is asked again: %s', async (lie) => {
    const writing = ['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const;
    for (const operation of [...writing, 'GetObject', 'DeleteObjects'] as const) s3.plant(operation, lie);
    const position = await stores.uploads.append(begin(), chunksOf(LARGE));
    const large = await stores.uploads.commit(position, digestOf(LARGE));
    const small = await store(SMALL);
    expect((await contentOf(large)).equals(LARGE)).toBe(true);
    expect((await contentOf(small)).equals(SMALL)).toBe(true);
    const names = stores.uploads.namesOf(position).map(({ storageKey }) => storageKey);
    expect(await stores.blobs.erase([large, small, ...names])).toEqual(new Map());
    expect(await objectsIn(stores)).toEqual(new Map());
    // Of a gathering whose beginning was answered the second time only, nobody knows the first name: it is for the sweep.
    expect(s3.honest.gatherings.size).toBe(lie === 'answer lost' ? 1 : 0);
  });
});

describe('An error is never taken for absence', () => {
  test.each([
    ['denied', 'AccessDenied'],
    ['no bucket', 'NoSuchBucket'],
    ['internal error', 'StoreUnavailable'],
  ] as const)('%s', async (lie, name) => {
    const key = await store(SMALL);
    const always = { times: 100 };
    s3.plant('GetObject', lie, always);
    s3.plant('HeadObject', lie, always);
    s3.plant('DeleteObjects', lie, always);
    s3.plant('ListObjectsV2', lie, always);
    const refused = (work: Promise<unknown>) =>
      work.then(
        () => expect.unreachable(),
        (error: Error) => error,
      );
    const opened = await refused(stores.blobs.open(key));
    expect([opened.name, opened instanceof BytesMissing]).toEqual([name, false]);
    expect(await refused(stores.blobs.stat([key]))).not.toBeInstanceOf(BytesMissing);
    expect(await refused(stores.blobs.stat([ids.storageKey()]))).not.toBeInstanceOf(BytesMissing);
    expect(await refused(stores.blobs.erase([key]))).toBeInstanceOf(Error);
    expect(await refused(stores.blobs.list()[Symbol.asyncIterator]().next() as Promise<unknown>)).toBeInstanceOf(Error);
    const position = await refused(stores.uploads.commit({ ...begin(), length: 1 }, digestOf(SMALL)));
    expect(position).toBeInstanceOf(BytesMissing);
  });

  test('in the body of a success it is no empty list, nor the absence of parts', async () => {
    await store(SMALL);
    const position = await stores.uploads.append(begin(), chunksOf(LARGE));
    await using other = await openOn(s3, { bucket: stores.place.bucket });
    for (const lie of ['error in a success', 'error in a success and a line end'] as const) {
      s3.plant('ListObjectsV2', lie, { times: 4 });
      const files = stores.blobs.list()[Symbol.asyncIterator]();
      await expect(files.next()).rejects.toThrow();
      s3.plant('ListParts', lie, { times: 4 });
      await expect(other.uploads.commit(position, digestOf(LARGE))).rejects.toThrow();
    }
  });

  test('of a look at a key that may as well mean that the bucket is gone', async () => {
    const key = await store(SMALL);
    s3.honest.buckets.delete(stores.place.bucket);
    const look = stores.blobs.stat([key]);
    await expect(look).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  test('and what was seen within the minute is seen again, but what was not is looked for each time', async () => {
    const key = await store(SMALL);
    const recent = { recent: true };
    s3.honest.buckets.get(stores.place.bucket)?.clear();
    expect((await stores.blobs.stat([key], recent)).size).toBe(1);
    expect((await stores.blobs.stat([key])).size).toBe(0);
    stores.clock.advance(60_000);
    expect((await stores.blobs.stat([key], recent)).size).toBe(0);
    const before = s3.count('HeadObject');
    await stores.blobs.stat([key], recent);
    expect(s3.count('HeadObject')).toBe(before + 1);
  });
});

describe('What a store says of a finished object is believed only when it is there', () => {
  const lies: readonly Lie[] = [
    'error in a success',
    'error in a success and a line end',
    'internal error',
    'never arrived',
    'denied',
  ];

  test.each(lies)('%s: the completion fails, and succeeds when it is asked for again', async (lie) => {
    const position = await stores.uploads.append(begin(), chunksOf(LARGE));
    s3.plant('CompleteMultipartUpload', lie, { times: 4 });
    const failed = await stores.uploads.commit(position, digestOf(LARGE)).then(
      () => undefined,
      (error: Error) => error,
    );
    // Some lies are told once only, if the first try is not repeated.
    while (s3.count('CompleteMultipartUpload') < 4) {
      await expect(stores.uploads.commit(position, digestOf(LARGE))).rejects.toThrow();
    }
    expect(failed).toBeInstanceOf(Error);
    expect(failed).not.toBeInstanceOf(BytesMissing);
    const key = await stores.uploads.commit(position, digestOf(LARGE));
    expect((await contentOf(key)).equals(LARGE)).toBe(true);
  });

  test('an answer that is lost each time: the object is found, read once more, and is the blob', async () => {
    const position = await stores.uploads.append(begin(), chunksOf(LARGE));
    s3.plant('CompleteMultipartUpload', 'answer lost', { times: 4 });
    const reads = s3.count('GetObject');
    const key = await stores.uploads.commit(position, digestOf(LARGE));
    expect(s3.count('GetObject')).toBe(reads + 1);
    expect((await contentOf(key)).equals(LARGE)).toBe(true);
  });
});

describe('Bytes that are read', () => {
  test.each(['cut short', 'half as all', 'other bytes'] as const)(
    '%s fail the stream, sent or not, and never end it in good order',
    async (lie) => {
      for (const content of [SMALL, LARGE]) {
        const key = await store(content);
        s3.plant('GetObject', lie, { times: 100, key });
        const range = { first: 0, last: content.byteLength - 1 };
        const read = async () => buffer(await stores.blobs.open(key, range));
        await expect(read()).rejects.toThrow();
        const send = async () => sent(await stores.blobs.open(key, range));
        await expect(send()).rejects.toThrow();
      }
    },
  );

  test.each(['cut short', 'half as all'] as const)('as a range, %s, fail the stream', async (lie) => {
    const key = await store(LARGE);
    s3.plant('GetObject', lie, { times: 100 });
    const read = async () => buffer(await stores.blobs.open(key, { first: 10, last: MIB }));
    await expect(read()).rejects.toThrow();
  });

  test('of an upload that another process goes on with are not half of what they were', async () => {
    const bytes = randomBytes(20_000);
    const first = await stores.uploads.append(begin(), chunksOf(bytes));
    await using other = await openOn(s3, { bucket: stores.place.bucket });
    s3.plant('GetObject', 'cut short');
    await expect(other.uploads.append(first, chunksOf(SMALL))).rejects.toThrow();
    s3.plant('GetObject', 'half as all');
    await expect(other.uploads.append(first, chunksOf(SMALL))).rejects.toThrow();
    const second = await other.uploads.append(first, chunksOf(SMALL));
    const twice = Buffer.concat([bytes, SMALL]);
    expect((await contentOf(await stores.uploads.commit(second, digestOf(twice)))).equals(twice)).toBe(true);
  });
});

describe('An erasure', () => {
  test.each(['error in a success', 'error in a success and a line end'] as const)(
    '%s is not taken for done',
    async (lie) => {
      const key = await store(SMALL);
      s3.plant('DeleteObjects', lie, { times: 4 });
      for (let tries = 0; s3.count('DeleteObjects') < 4 && tries < 4; tries++) {
        const failures = await stores.blobs.erase([key]).catch((error: Error) => new Map([[key, error]]));
        expect([...failures.keys()]).toEqual([key]);
      }
      expect(await stores.blobs.erase([key])).toEqual(new Map());
      expect(await objectsIn(stores)).toEqual(new Map());
    },
  );

  test('in a store that deletes one object at a time only is done one by one', async () => {
    const keys = await Promise.all(Array.from({ length: 40 }, () => store(SMALL)));
    s3.plant('DeleteObjects', 'not implemented', { times: 100 });
    expect(await stores.blobs.erase(keys)).toEqual(new Map());
    expect(await objectsIn(stores)).toEqual(new Map());
    expect(s3.count('DeleteObject')).toBe(40);
  });

  test.each(['done later', 'done again later'] as const)(
    '%s hits nothing that was stored since: no name comes twice',
    async (lie) => {
      const key = await store(SMALL);
      const planted = s3.plant('DeleteObjects', lie);
      await stores.blobs.erase([key]).catch(() => undefined);
      const again = await store(SMALL);
      expect(again).not.toBe(key);
      await planted.release();
      expect((await contentOf(again)).equals(SMALL)).toBe(true);
      await expect(stores.blobs.open(key)).rejects.toThrow(BytesMissing);
    },
  );

  test('of a gathering of parts that cannot be aborted fails, and the objects are erased all the same', async () => {
    const key = await store(SMALL);
    const gathering = await stores.uploads.append(begin(), chunksOf(LARGE));
    const names = stores.uploads.namesOf(gathering).map(({ storageKey }) => storageKey);
    s3.plant('AbortMultipartUpload', 'denied');
    expect([...(await stores.blobs.erase([key, ...names])).keys()]).toEqual([names[0]]);
    expect(await stores.blobs.stat([key])).toEqual(new Map());
    expect(await stores.blobs.erase(names)).toEqual(new Map());
    expect(s3.honest.bytesStored()).toBe(0);
  });
});

describe('Bytes that are on their way for long', () => {
  test('and arrive after somebody else has gone on from the same place are under a name that nobody knows', async () => {
    const bytes = randomBytes(20_000);
    const first = await stores.uploads.append(begin(), chunksOf(bytes));
    const held = s3.plant('PutObject', 'held');
    const late = stores.uploads.append(first, chunksOf(Buffer.from(' late')));
    await held.told;
    await using other = await openOn(s3, { bucket: stores.place.bucket });
    const whole = Buffer.concat([bytes, Buffer.from(' in time')]);
    const second = await other.uploads.append(first, chunksOf(Buffer.from(' in time')));
    const key = await other.uploads.commit(second, digestOf(whole));
    await held.release();
    await late;
    expect((await contentOf(key)).equals(whole)).toBe(true);
  });

  test('as a part, and arrive before or after the object is made, are not in it', async () => {
    const [begun, rest] = [LARGE.subarray(0, 8 * MIB), LARGE.subarray(0, 6 * MIB)];
    const whole = Buffer.concat([begun, rest]);
    await using late = await openOn(s3, { bucket: stores.place.bucket });
    const first = await stores.uploads.append(begin(), chunksOf(begun));
    const inTime = await stores.uploads.append(first, chunksOf(rest));
    const [before, after] = [s3.plant('UploadPart', 'held'), s3.plant('UploadPart', 'held')];
    const early = late.uploads.append(first, chunksOf(randomBytes(6 * MIB)));
    await before.told;
    const later = late.uploads.append(first, chunksOf(randomBytes(6 * MIB)));
    await after.told;
    await before.release();
    await early;
    await expect(stores.uploads.commit(inTime, digestOf(whole))).rejects.toThrow(BytesMissing);
    const again = await stores.uploads.append(first, chunksOf(rest));
    const key = await stores.uploads.commit(again, digestOf(whole));
    await after.release();
    await expect(later).rejects.toThrow(BytesMissing);
    expect((await contentOf(key)).equals(whole)).toBe(true);
  });
});
