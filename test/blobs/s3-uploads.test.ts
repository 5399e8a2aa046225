import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { BytesMissing, DigestMismatch, type UploadPosition } from '../../src/blobs/blob-store.ts';
import { digestOf } from '../../src/model/digest.ts';
import { keyOf, randomIds } from '../../src/model/ids.ts';
import { chunksOf } from '../support/images.ts';
import { LyingS3 } from '../support/s3/lying-s3.ts';
import { type OpenedS3, objectsIn, openOn } from '../support/s3/s3-under-test.ts';

const MIB = 1024 * 1024;
const ids = randomIds();
const s3 = await LyingS3.start();
afterAll(() => s3[Symbol.asyncDispose]());

const begin = (): UploadPosition => ({ key: ids.storageKey(), length: 0, state: undefined });

/** Erases what a chunk leaves behind that is not needed any more when the next one is there, as those who keep positions do. */
async function appendAll({ uploads, blobs }: OpenedS3, chunks: readonly Uint8Array[]): Promise<UploadPosition> {
  let at = begin();
  for (const chunk of chunks) {
    const next = await uploads.append(at, chunksOf(chunk));
    const kept = uploads.namesOf(next).map(({ storageKey }) => storageKey);
    const dropped = uploads.namesOf(at).map(({ storageKey }) => storageKey);
    await blobs.erase(dropped.filter((name) => !kept.includes(name)));
    at = next;
  }
  return at;
}

/** Names of the bytes that were too few for a part: they are not needed any more when the object is there. */
function tailsOf({ uploads }: OpenedS3, position: UploadPosition) {
  const names = uploads.namesOf(position).map(({ storageKey }) => storageKey);
  const gathered = names.find((name) => keyOf(name) !== name);
  return names.filter((name) => gathered === undefined || keyOf(name) !== keyOf(gathered));
}

/** How many requests of each kind `work` makes. */
async function requestsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = new Map(s3.counts);
  await work();
  const made = [...s3.counts].map(([operation, count]) => [operation, count - (before.get(operation) ?? 0)] as const);
  return Object.fromEntries(made.filter(([, count]) => count > 0));
}

describe('A small blob', () => {
  test('takes one request to the store, and none to be completed or to be found there afterwards', async () => {
    await using stores = await openOn(s3);
    for (const size of [7, 20_000]) {
      const content = randomBytes(size);
      const requests = await requestsOf(async () => {
        const position = await stores.uploads.append(begin(), chunksOf(content));
        const key = await stores.uploads.commit(position, digestOf(content));
        expect((await stores.blobs.stat([key], { recent: true })).get(key)?.size).toBe(size);
      });
      expect(requests).toEqual({ PutObject: 1 });
    }
  });

  test('of few bytes is not in the store before it is completed, by whichever process, under a digest of either kind', async () => {
    await using one = await openOn(s3);
    await using other = await openOn(s3, { bucket: one.place.bucket });
    for (const [completer, algorithm] of [
      [one, 'sha256'],
      [other, 'sha256'],
      [other, 'sha512'],
    ] as const) {
      const content = randomBytes(16 * 1024);
      let position = begin();
      const before = await requestsOf(async () => {
        position = await one.uploads.append(position, chunksOf(content.subarray(0, 5)));
        position = await other.uploads.append(position, chunksOf(content.subarray(5)));
      });
      expect(before).toEqual({});
      const wrong = digestOf(Buffer.from('wrong'), algorithm);
      await expect(completer.uploads.commit(position, wrong)).rejects.toThrow(DigestMismatch);
      expect(await objectsIn(one)).toEqual(new Map());
      const key = await completer.uploads.commit(position, digestOf(content, algorithm));
      expect(one.uploads.namesOf(position)).toEqual([{ storageKey: key, size: content.byteLength }]);
      expect((await buffer(await one.blobs.open(key))).equals(content)).toBe(true);
      await one.blobs.erase([key]);
    }
  });

  test('that comes in several chunks leaves the chunks before it for those who keep positions to erase', async () => {
    await using stores = await openOn(s3);
    const first = await stores.uploads.append(begin(), chunksOf(randomBytes(20_000)));
    const second = await stores.uploads.append(first, chunksOf(Buffer.from('two')));
    const [name, ...others] = stores.uploads.namesOf(second);
    expect([name?.size, others]).toEqual([20_003, []]);
    expect([...(await objectsIn(stores)).values()].sort()).toEqual([20_000, 20_003]);
  });
});

describe('A large blob', () => {
  const content = randomBytes(21 * MIB + 5);

  test('is read no more than it came by the process that has received it', async () => {
    await using stores = await openOn(s3);
    const requests = await requestsOf(async () => {
      const first = await stores.uploads.append(begin(), chunksOf(content.subarray(0, 9 * MIB)));
      const second = await stores.uploads.append(first, chunksOf(content.subarray(9 * MIB)));
      await stores.uploads.commit(second, digestOf(content));
    });
    expect(requests).toEqual({
      CreateMultipartUpload: 1,
      ...{ UploadPart: 3, PutObject: 1, CompleteMultipartUpload: 1, HeadObject: 1 },
    });
  });

  test.each([
    ['one chunk', [21 * MIB + 5]],
    ['chunks of some bytes', [1, 5 * MIB - 2, 7, 16 * MIB - 1]],
    ['chunks as large as the least part', [5 * MIB, 5 * MIB, 5 * MIB, 5 * MIB, MIB + 5]],
    ['chunks as large as a part, and nothing after the last', [8 * MIB, 8 * MIB, 5 * MIB + 5, 0]],
    ['a large chunk and a small one, by turns', [9 * MIB, 100, 9 * MIB, 100, 3 * MIB - 195]],
  ])('in %s is an object under its final key, whichever process completes it', async (_, sizes) => {
    await using one = await openOn(s3);
    await using other = await openOn(s3, { bucket: one.place.bucket });
    const ends = sizes.map((_, at) => sizes.slice(0, at + 1).reduce((sum, size) => sum + size, 0));
    const chunks = ends.map((end, at) => content.subarray(ends[at - 1] ?? 0, end));
    for (const [writer, completer] of [
      [one, one],
      [one, other],
    ] as const) {
      const position = await appendAll(writer, chunks);
      expect(position.length).toBe(content.byteLength);
      const names = one.uploads.namesOf(position);
      expect(names.reduce((sum, { size }) => sum + size, 0)).toBe(content.byteLength);
      const key = await completer.uploads.commit(position, digestOf(content));
      expect(names.map(({ storageKey }) => keyOf(storageKey))).toContain(key);
      expect((await buffer(await other.blobs.open(key))).equals(content)).toBe(true);
      expect(s3.honest.gatherings.size).toBe(0);
      await one.blobs.erase([...tailsOf(one, position), key]);
    }
    expect(await objectsIn(one)).toEqual(new Map());
  });

  test('goes on in another process, chunk by chunk, and has the sha512 that it is said to have', async () => {
    await using one = await openOn(s3);
    await using other = await openOn(s3, { bucket: one.place.bucket });
    const first = await one.uploads.append(begin(), chunksOf(content.subarray(0, 10 * MIB)));
    const second = await other.uploads.append(first, chunksOf(content.subarray(10 * MIB, 19 * MIB)));
    const third = await one.uploads.append(second, chunksOf(content.subarray(19 * MIB)));
    const wrong = digestOf(Buffer.from('wrong'), 'sha512');
    await expect(one.uploads.commit(third, wrong)).rejects.toThrow(DigestMismatch);
    const key = await other.uploads.commit(third, digestOf(content, 'sha512'));
    expect(
      (await buffer(await one.blobs.open(key, { first: 9, last: 8 * MIB }))).equals(content.subarray(9, 8 * MIB + 1)),
    ).toBe(true);
  });

  test('goes back to where it stood before a chunk that is refused, and on with other bytes', async () => {
    await using stores = await openOn(s3);
    const kept = await stores.uploads.append(begin(), chunksOf(content.subarray(0, 9 * MIB)));
    const dropped = await stores.uploads.append(kept, chunksOf(randomBytes(10 * MIB)));
    await stores.uploads.truncate(dropped, kept);
    const whole = await stores.uploads.append(kept, chunksOf(content.subarray(9 * MIB)));
    const key = await stores.uploads.commit(whole, digestOf(content));
    expect((await buffer(await stores.blobs.open(key))).equals(content)).toBe(true);
  });

  test('leaves no gathering of parts behind when its sender breaks off before anything is noted', async () => {
    await using stores = await openOn(s3);
    async function* breaksOff() {
      yield content.subarray(0, 17 * MIB);
      throw new Error('the sender went away');
    }
    await expect(stores.uploads.append(begin(), breaksOff())).rejects.toThrow('the sender went away');
    expect(s3.honest.gatherings.size).toBe(0);
    expect(await objectsIn(stores)).toEqual(new Map());
  });

  test('of many parts has its parts listed page by page when another process completes it', async () => {
    await using one = await openOn(s3);
    await using other = await openOn(s3, { bucket: one.place.bucket });
    s3.honest.page = 1;
    const position = await appendAll(one, [content]);
    const key = await other.uploads.commit(position, digestOf(content));
    s3.honest.page = 1000;
    expect((await buffer(await other.blobs.open(key))).equals(content)).toBe(true);
  });
});

describe('Of two processes that write after the same position', () => {
  test('each can complete what it wrote, and neither makes a blob of both', async () => {
    const [same, mine, theirs] = [randomBytes(9 * MIB), randomBytes(8 * MIB), randomBytes(8 * MIB)];
    await using one = await openOn(s3);
    await using other = await openOn(s3, { bucket: one.place.bucket });
    const begun = await one.uploads.append(begin(), chunksOf(same));
    const first = await one.uploads.append(begun, chunksOf(mine));
    // Writes over the part that the first one has written.
    const second = await other.uploads.append(begun, chunksOf(theirs));
    expect(first.state).not.toBe(second.state);
    await expect(one.uploads.commit(first, digestOf(Buffer.concat([same, mine])))).rejects.toThrow(BytesMissing);
    const both = Buffer.concat([same, theirs]);
    const key = await other.uploads.commit(second, digestOf(both));
    expect((await buffer(await one.blobs.open(key))).equals(both)).toBe(true);
    await expect(one.uploads.commit(first, digestOf(Buffer.concat([same, mine])))).rejects.toThrow(DigestMismatch);
    expect((await buffer(await one.blobs.open(key))).equals(both)).toBe(true);
  });
});

test('Every name of an upload can be erased whatever has become of it, and the others stay', async () => {
  await using stores = await openOn(s3);
  const content = randomBytes(9 * MIB);
  const gathering = await appendAll(stores, [content, Buffer.from('tail')]);
  const finished = await appendAll(stores, [content]);
  const kept = await stores.uploads.commit(finished, digestOf(content));
  await stores.blobs.erase(tailsOf(stores, finished));
  const names = stores.uploads.namesOf(gathering).map(({ storageKey }) => storageKey);
  expect(names).toHaveLength(3);
  const found = await stores.blobs.stat(names);
  expect([...found.values()].map(({ kind, size }) => `${kind} ${size}`).sort()).toEqual([
    'blob 1048580',
    `upload ${8 * MIB}`,
  ]);
  expect(await stores.blobs.erase(names)).toEqual(new Map());
  expect(await stores.blobs.erase(names)).toEqual(new Map());
  expect(await stores.blobs.stat(names)).toEqual(new Map());
  expect(s3.honest.gatherings.size).toBe(0);
  expect([...(await objectsIn(stores)).values()]).toEqual([9 * MIB]);
  // A name of a gathering is never that of the object.
  const [gathered] = stores.uploads.namesOf(finished).map(({ storageKey }) => storageKey);
  expect(await stores.blobs.erase([gathered ?? kept])).toEqual(new Map());
  expect((await buffer(await stores.blobs.open(kept))).equals(content)).toBe(true);
});

test('Gatherings of parts are listed with their names, those that are old enough by themselves', async () => {
  await using stores = await openOn(s3);
  const position = await stores.uploads.append(begin(), chunksOf(randomBytes(8 * MIB)));
  const [name] = stores.uploads.namesOf(position);
  const listed = async (before: number) => {
    const names: string[] = [];
    for await (const each of stores.uploads.listUnfinished?.(before) ?? []) names.push(each.key);
    return names;
  };
  expect(await listed(Date.now() + 1000)).toEqual([name?.storageKey]);
  expect(await listed(Date.now() - 60_000)).toEqual([]);
  const all: string[] = [];
  for await (const file of stores.blobs.list()) if (file.kind === 'upload') all.push(file.key);
  expect(all).toEqual([name?.storageKey]);
  await stores.blobs.erase(name ? [name.storageKey] : []);
});

test('Everything that is written is encrypted as the settings say', async () => {
  const content = randomBytes(9 * MIB);
  for (const sse of [{ kind: 'AES256' }, { kind: 'aws:kms', kmsKey: 'a key' }] as const) {
    await using stores = await openOn(s3, { sse });
    const large = await stores.uploads.commit(await appendAll(stores, [content]), digestOf(content));
    const small = await stores.uploads.commit(begin(), digestOf(Buffer.of()));
    const objects = s3.honest.buckets.get(stores.place.bucket) ?? new Map();
    expect(objects.size).toBe(3);
    for (const [, { headers }] of objects) {
      expect(headers).toMatchObject({
        'x-amz-server-side-encryption': sse.kind,
        ...('kmsKey' in sse && { 'x-amz-server-side-encryption-aws-kms-key-id': sse.kmsKey }),
      });
    }
    await stores.blobs.erase([large, small]);
  }
});
