import { createHash, randomBytes } from 'node:crypto';
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  type BlobStore,
  BytesMissing,
  DigestMismatch,
  UploadBusy,
  type UploadStore,
} from '../../src/blobs/blob-store.ts';
import { type Digest, digestOf } from '../../src/model/digest.ts';
import { randomIds, type StorageKey } from '../../src/model/ids.ts';
import { sent } from './sent.ts';

export interface BlobStoreUnderTest {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  /** How many bytes the stores hold, finished or not. */
  bytesOnDisk(): Promise<number>;
  /** Makes the erasure of one finished blob fail until `repair` is called. */
  failErasure(key: StorageKey): Promise<{ repair(): Promise<void> }>;
  /** Puts things into the store's place that are not its own; answers their names as a listing gives them. */
  plantForeign(): Promise<string[]>;
  dispose(): Promise<void>;
}

const MIB = 1024 * 1024;
const ids = randomIds();
const text = (content: string) => Buffer.from(content);

async function* from(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? text(chunk) : chunk;
}

async function* breaksAfter(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  yield* from(...chunks);
  throw new Error('the sender went away');
}

const textOf = async (stream: Readable) => (await buffer(stream)).toString();

/** What every blob store and upload store promises: the same suite for each implementation. */
export function blobStoreContract(name: string, open: () => Promise<BlobStoreUnderTest>): void {
  const withStores = (work: (stores: BlobStoreUnderTest) => Promise<void>) => async () => {
    const stores = await open();
    try {
      await work(stores);
    } finally {
      await stores.dispose();
    }
  };

  async function store({ uploads }: BlobStoreUnderTest, content: string | Uint8Array): Promise<StorageKey> {
    const bytes = typeof content === 'string' ? text(content) : content;
    const key = ids.storageKey();
    await uploads.append(key, 0, from(bytes));
    await uploads.commit(key, bytes.byteLength, digestOf(bytes));
    return key;
  }

  describe(`${name}: bytes that are arriving`, () => {
    test(
      'are counted, whether they come in one chunk, in several, or in several calls',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        expect(await uploads.append(key, 0, from('one '))).toBe(4);
        expect(await uploads.append(key, 4, from('two ', '', 'three '))).toBe(14);
        expect(await uploads.append(key, 14, from())).toBe(14);
        expect(await uploads.append(key, 14, from('four'))).toBe(18);
        await uploads.commit(key, 18, digestOf(text('one two three four')));
        expect(await textOf(await blobs.open(key))).toBe('one two three four');
      }),
    );

    test(
      'replace what lay beyond the offset they are written at',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('abcdefghij'));
        expect(await uploads.append(key, 3, from('XY'))).toBe(5);
        await expect(uploads.append(key, 6, from('Z'))).rejects.toThrow(BytesMissing);
        await uploads.commit(key, 5, digestOf(text('abcXY')));
        expect(await textOf(await blobs.open(key))).toBe('abcXY');
      }),
    );

    test(
      'can be started over from the beginning',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('a first try'));
        expect(await uploads.append(key, 0, from('second'))).toBe(6);
        await uploads.commit(key, 6, digestOf(text('second')));
        expect(await textOf(await blobs.open(key))).toBe('second');
      }),
    );

    test(
      'stay usable up to the offset when the source throws midway, and the error comes through',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('kept '));
        await expect(uploads.append(key, 5, breaksAfter('half a chu'))).rejects.toThrow('the sender went away');
        expect(await uploads.append(key, 5, from('and whole'))).toBe(14);
        await uploads.commit(key, 14, digestOf(text('kept and whole')));
        expect(await textOf(await blobs.open(key))).toBe('kept and whole');
      }),
    );

    test(
      'can be cut back to any length that they have, and go on from there',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('kept and dropped'));
        await uploads.truncate(key, 4);
        await expect(uploads.append(key, 5, from('x'))).rejects.toThrow(BytesMissing);
        await expect(uploads.truncate(key, 5)).rejects.toThrow(BytesMissing);
        expect(await uploads.append(key, 4, from(' on'))).toBe(7);
        await uploads.commit(key, 7, digestOf(text('kept on')));
        expect(await textOf(await blobs.open(key))).toBe('kept on');
        await expect(uploads.truncate(key, 0)).rejects.toThrow(BytesMissing);
      }),
    );

    test(
      'can be committed at the offset although a later chunk broke off',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('kept'));
        await expect(uploads.append(key, 4, breaksAfter('lost', 'lost'))).rejects.toThrow();
        await uploads.commit(key, 4, digestOf(text('kept')));
        expect(await textOf(await blobs.open(key))).toBe('kept');
      }),
    );

    test(
      'are refused as missing when fewer are there than the offset says',
      withStores(async ({ uploads }) => {
        const key = ids.storageKey();
        await expect(uploads.append(key, 1, from('x'))).rejects.toThrow(BytesMissing);
        await uploads.append(key, 0, from('12345'));
        await expect(uploads.append(key, 6, from('x'))).rejects.toThrow(BytesMissing);
        expect(await uploads.append(key, 5, from('6'))).toBe(6);
      }),
    );

    test(
      'keep everybody else out until they are written',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        const { promise: rest, resolve: send } = Promise.withResolvers<Uint8Array>();
        const begun = Promise.withResolvers<void>();
        async function* slowly(): AsyncGenerator<Uint8Array> {
          yield text('first ');
          begun.resolve();
          yield await rest;
        }
        const first = uploads.append(key, 0, slowly());
        await begun.promise;
        await expect(uploads.append(key, 0, from('second'))).rejects.toThrow(UploadBusy);
        await expect(uploads.commit(key, 0, digestOf(text('')))).rejects.toThrow(UploadBusy);
        expect(await uploads.append(ids.storageKey(), 0, from('another key'))).toBe(11);
        send(text('last'));
        expect(await first).toBe(10);
        await uploads.commit(key, 10, digestOf(text('first last')));
        expect(await textOf(await blobs.open(key))).toBe('first last');
      }),
    );

    test(
      'are free for the next writer after one that failed',
      withStores(async ({ uploads }) => {
        const key = ids.storageKey();
        await expect(uploads.append(key, 0, breaksAfter())).rejects.toThrow('the sender went away');
        await expect(uploads.append(key, 9, from())).rejects.toThrow(BytesMissing);
        expect(await uploads.append(key, 0, from('next'))).toBe(4);
      }),
    );

    test(
      'are no blob before they are committed',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('unfinished'));
        await expect(blobs.open(key)).rejects.toThrow(BytesMissing);
      }),
    );
  });

  describe(`${name}: a commit`, () => {
    test.each(['sha256', 'sha512'] as const)('makes a blob of bytes with the %s that was named', (algorithm) =>
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('con'));
        await uploads.append(key, 3, from('tent'));
        await uploads.commit(key, 7, digestOf(text('content'), algorithm));
        expect(await textOf(await blobs.open(key))).toBe('content');
      })(),
    );

    test(
      'leaves bytes with another digest as they are, to be committed under their own',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('content'));
        await expect(uploads.commit(key, 7, digestOf(text('contend')))).rejects.toThrow(DigestMismatch);
        await expect(uploads.commit(key, 7, digestOf(text('contend'), 'sha512'))).rejects.toThrow(DigestMismatch);
        await expect(blobs.open(key)).rejects.toThrow(BytesMissing);
        await uploads.commit(key, 7, digestOf(text('content')));
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'takes the first bytes only, when it is told of fewer than there are',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await uploads.append(key, 0, from('content and more'));
        await uploads.commit(key, 7, digestOf(text('content')));
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'without any byte makes the empty blob, and only that',
      withStores(async ({ blobs, uploads }) => {
        const key = ids.storageKey();
        await expect(uploads.commit(key, 0, digestOf(text('x')))).rejects.toThrow(DigestMismatch);
        await uploads.commit(key, 0, digestOf(text('')));
        expect(await textOf(await blobs.open(key))).toBe('');
      }),
    );

    test(
      'of more bytes than there are, or of an unknown key, is refused as missing',
      withStores(async ({ uploads }) => {
        const key = ids.storageKey();
        await expect(uploads.commit(key, 1, digestOf(text('x')))).rejects.toThrow(BytesMissing);
        await uploads.append(key, 0, from('x'));
        await expect(uploads.commit(key, 2, digestOf(text('xy')))).rejects.toThrow(BytesMissing);
        await uploads.commit(key, 1, digestOf(text('x')));
      }),
    );

    test(
      'succeeds once: the key is used up',
      withStores(async (stores) => {
        const { blobs, uploads } = stores;
        const key = await store(stores, 'content');
        await expect(uploads.commit(key, 7, digestOf(text('content')))).rejects.toThrow(BytesMissing);
        await expect(uploads.commit(key, 0, digestOf(text('')))).rejects.toThrow(BytesMissing);
        await expect(uploads.append(key, 7, from('more'))).rejects.toThrow(BytesMissing);
        await expect(uploads.append(key, 0, from('anew'))).rejects.toThrow(BytesMissing);
        expect(await stores.bytesOnDisk()).toBe(7);
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'that meets another one of the same key: one succeeds, the other is refused in words of the store',
      withStores(async ({ blobs, uploads }) => {
        for (let round = 0; round < 20; round++) {
          const key = ids.storageKey();
          await uploads.append(key, 0, from('content'));
          const outcomes = await Promise.allSettled([
            uploads.commit(key, 7, digestOf(text('content'))),
            uploads.commit(key, 7, digestOf(text('content'))),
          ]);
          const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
          expect(errors).toHaveLength(1);
          expect(errors[0] instanceof UploadBusy || errors[0] instanceof BytesMissing).toBe(true);
          expect(await textOf(await blobs.open(key))).toBe('content');
        }
      }),
    );
  });

  describe(`${name}: a blob`, () => {
    test.each([
      [0, 0, '0'],
      [0, 9, '0123456789'],
      [9, 9, '9'],
      [3, 5, '345'],
      [0, 8, '012345678'],
      [1, 9, '123456789'],
    ])('is read, and sent, from byte %i to byte %i, both included', (first, last, expected) =>
      withStores(async (stores) => {
        const key = await store(stores, '0123456789');
        expect(await textOf(await stores.blobs.open(key, { first, last }))).toBe(expected);
        expect((await sent(await stores.blobs.open(key, { first, last }))).toString()).toBe(expected);
      })(),
    );

    test(
      'is sent whole, however large',
      withStores(async (stores) => {
        const content = randomBytes(5 * MIB + 7);
        const key = await store(stores, content);
        expect((await sent(await stores.blobs.open(key))).equals(content)).toBe(true);
        expect((await sent(await stores.blobs.open(await store(stores, '')))).byteLength).toBe(0);
      }),
    );

    test(
      'is not sent any further when its destination takes no more',
      withStores(async (stores) => {
        const stream = await stores.blobs.open(await store(stores, randomBytes(5 * MIB)));
        let pieces = 0;
        const leaving = new Writable({
          write: (_piece, _encoding, done) => {
            pieces += 1;
            if (pieces < 3) done();
            else leaving.destroy();
          },
        });
        await expect(stream.sendTo(leaving)).rejects.toThrow();
        expect(pieces).toBe(3);
        expect(stream.destroyed).toBe(true);
      }),
    );

    test(
      'that is being read stays readable to its end when it is erased',
      withStores(async (stores) => {
        const content = Buffer.alloc(3 * MIB, 'abcdefgh');
        const key = await store(stores, content);
        const stream = await stores.blobs.open(key);
        const part = await stores.blobs.open(key, { first: MIB, last: 2 * MIB - 1 });
        const toSend = await stores.blobs.open(key);
        expect(await stores.blobs.erase([key])).toEqual(new Map());
        await expect(stores.blobs.open(key)).rejects.toThrow(BytesMissing);
        expect((await buffer(stream)).equals(content)).toBe(true);
        expect((await buffer(part)).equals(content.subarray(MIB, 2 * MIB))).toBe(true);
        expect((await sent(toSend)).equals(content)).toBe(true);
      }),
    );

    test(
      'under a key that was never written is missing, which is told from other errors',
      withStores(async ({ blobs }) => {
        await expect(blobs.open(ids.storageKey())).rejects.toThrow(BytesMissing);
        await expect(blobs.open(ids.storageKey(), { first: 0, last: 1 })).rejects.toThrow(BytesMissing);
      }),
    );

    test(
      'is read by many at once',
      withStores(async (stores) => {
        const key = await store(stores, 'shared');
        const readers = Array.from({ length: 50 }, async () => textOf(await stores.blobs.open(key)));
        expect(new Set(await Promise.all(readers))).toEqual(new Set(['shared']));
      }),
    );
  });

  describe(`${name}: an erasure`, () => {
    test(
      'gives the space of finished and unfinished bytes back, and leaves the others',
      withStores(async (stores) => {
        const { blobs, uploads } = stores;
        expect(await stores.bytesOnDisk()).toBe(0);
        const finished = await store(stores, 'finished');
        const kept = await store(stores, 'kept');
        const unfinished = ids.storageKey();
        await uploads.append(unfinished, 0, from('unfinished'));
        expect(await stores.bytesOnDisk()).toBe(22);
        expect(await blobs.erase([finished, unfinished])).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(4);
        await expect(blobs.open(finished)).rejects.toThrow(BytesMissing);
        await expect(uploads.append(unfinished, 10, from('x'))).rejects.toThrow(BytesMissing);
        expect(await textOf(await blobs.open(kept))).toBe('kept');
      }),
    );

    test(
      'done again, or of keys that were never written, is done already',
      withStores(async (stores) => {
        const key = await store(stores, 'content');
        const keys = [key, ids.storageKey(), ids.storageKey()];
        expect(await stores.blobs.erase(keys)).toEqual(new Map());
        expect(await stores.blobs.erase(keys)).toEqual(new Map());
        expect(await stores.blobs.erase([])).toEqual(new Map());
      }),
    );

    test(
      'of a thousand keys at once erases each of them',
      withStores(async (stores) => {
        const written = await Promise.all(Array.from({ length: 10 }, (_, at) => store(stores, `blob ${at}`)));
        const keys = Array.from({ length: 1000 }, (_, at) => written[at / 100] ?? ids.storageKey());
        expect(await stores.blobs.erase(keys)).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(0);
      }),
    );

    test(
      'that fails for one key says so, erases the others, and can be done again',
      withStores(async (stores) => {
        const [first, stuck, last] = [await store(stores, '1'), await store(stores, '2'), await store(stores, '3')];
        const { repair } = await stores.failErasure(stuck);
        const failures = await stores.blobs.erase([first, stuck, last]);
        expect([...failures.keys()]).toEqual([stuck]);
        expect(failures.get(stuck)).toBeInstanceOf(Error);
        await repair();
        await expect(stores.blobs.open(first)).rejects.toThrow(BytesMissing);
        await expect(stores.blobs.open(last)).rejects.toThrow(BytesMissing);
        expect(await textOf(await stores.blobs.open(stuck))).toBe('2');
        expect(await stores.blobs.erase([first, stuck, last])).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(0);
      }),
    );
  });

  test(
    `${name}: 160 MiB go in and out whole, with memory for a fraction of them`,
    withStores(async ({ blobs, uploads }) => {
      const size = 160 * MIB;
      const baseline = process.memoryUsage().arrayBuffers;
      let peak = 0;
      const measure = () => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - baseline);
      };
      const hash = createHash('sha256');
      async function* generated(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < size; at += MIB / 4) {
          const chunk = Buffer.alloc(MIB / 4, `${at} `);
          hash.update(chunk);
          measure();
          yield chunk;
        }
      }
      const key = ids.storageKey();
      expect(await uploads.append(key, 0, generated())).toBe(size);
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      await uploads.commit(key, size, digest);
      const read = createHash('sha256');
      for await (const chunk of await blobs.open(key)) {
        read.update(chunk as Buffer);
        measure();
        await setImmediate();
      }
      expect(`sha256:${read.digest('hex')}`).toBe(digest);
      // What nobody needs any more is collected when it has come to some dozens of megabytes.
      expect(peak).toBeLessThan(110 * MIB);
    }),
  );
}
