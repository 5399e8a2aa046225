import { createHash, randomBytes } from 'node:crypto';
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, type TestContext, test } from 'vitest';
import {
  type BlobStore,
  BytesMissing,
  DigestMismatch,
  UploadBusy,
  type UploadPosition,
  type UploadStore,
} from '../../src/blobs/blob-store.ts';
import { type Digest, digestOf } from '../../src/model/digest.ts';
import { keyOf, randomIds, type StorageKey } from '../../src/model/ids.ts';
import { sent } from './sent.ts';

export interface BlobStoreUnderTest {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  /** How many bytes the stores hold, finished or not. */
  bytesOnDisk(): Promise<number>;
  /** Makes the erasure of one finished blob fail until `repair` is called, where that can be brought about. */
  failErasure?(key: StorageKey): Promise<{ repair(): Promise<void> }>;
  /** Puts things into the store's place that are not its own; answers their names as a listing gives them. */
  plantForeign(): Promise<string[]>;
  /** Whether many processes write to the store at once: then none is kept out, and each attempt has bytes of its own. */
  readonly shared: boolean;
  dispose(): Promise<void>;
}

const MIB = 1024 * 1024;
const ids = randomIds();
const begin = (): UploadPosition => ({ key: ids.storageKey(), length: 0, state: undefined });
const text = (content: string) => Buffer.from(content);

async function* from(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? text(chunk) : chunk;
}

async function* breaksAfter(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  yield* from(...chunks);
  throw new Error('the sender went away');
}

const textOf = async (stream: Readable) => (await buffer(stream)).toString();

/** What cannot be tried on a store, and why. */
export interface Untried {
  /** An erasure that fails. */
  readonly failingErasure?: string;
  /** How much memory it takes. */
  readonly memory?: string;
}

/** What every blob store and upload store promises: the same suite for each implementation. */
export function blobStoreContract(name: string, open: () => Promise<BlobStoreUnderTest>, untried: Untried = {}): void {
  const withStores =
    (work: (stores: BlobStoreUnderTest) => Promise<void>, reason?: string) => async (at?: TestContext) => {
      if (reason !== undefined) at?.skip(reason);
      const stores = await open();
      try {
        await work(stores);
      } finally {
        await stores.dispose();
      }
    };

  async function store(stores: BlobStoreUnderTest, content: string | Uint8Array): Promise<StorageKey> {
    const bytes = typeof content === 'string' ? text(content) : content;
    return stores.uploads.commit(await stores.uploads.append(begin(), from(bytes)), digestOf(bytes));
  }

  /** Erased bytes cannot be gone on from; or whoever still has them in his hands goes on with all of them, as if anew. */
  async function expectGone({ blobs, uploads, shared }: BlobStoreUnderTest, at: UploadPosition, content: string) {
    const next = await uploads.append(at, from(' and more')).catch((error: Error) => error);
    if (!shared || next instanceof Error) return expect(next).toBeInstanceOf(BytesMissing);
    const whole = `${content} and more`;
    expect(await textOf(await blobs.open(await uploads.commit(next, digestOf(text(whole)))))).toBe(whole);
  }

  describe(`${name}: bytes that are arriving`, () => {
    test(
      'are counted, whether they come in one chunk, in several, or in several calls',
      withStores(async ({ blobs, uploads }) => {
        const one = await uploads.append(begin(), from('one '));
        const three = await uploads.append(one, from('two ', '', 'three '));
        const again = await uploads.append(three, from());
        const four = await uploads.append(again, from('four'));
        expect([one, three, again, four].map((position) => position.length)).toEqual([4, 14, 14, 18]);
        const key = await uploads.commit(four, digestOf(text('one two three four')));
        expect(await textOf(await blobs.open(key))).toBe('one two three four');
      }),
    );

    test(
      'replace what lay beyond the position they are written at',
      withStores(async ({ blobs, uploads }) => {
        const three = await uploads.append(begin(), from('abc'));
        await uploads.append(three, from('defghij'));
        const five = await uploads.append(three, from('XY'));
        expect(five.length).toBe(5);
        await expect(uploads.append({ ...five, length: 6 }, from('Z'))).rejects.toThrow(BytesMissing);
        const key = await uploads.commit(five, digestOf(text('abcXY')));
        expect(await textOf(await blobs.open(key))).toBe('abcXY');
      }),
    );

    test(
      'can be started over from the beginning',
      withStores(async ({ blobs, uploads }) => {
        const beginning = begin();
        await uploads.append(beginning, from('a first try'));
        const second = await uploads.append(beginning, from('second'));
        expect(second.length).toBe(6);
        const key = await uploads.commit(second, digestOf(text('second')));
        expect(await textOf(await blobs.open(key))).toBe('second');
      }),
    );

    test(
      'stay usable up to the position when the source throws midway, and the error comes through',
      withStores(async ({ blobs, uploads }) => {
        const kept = await uploads.append(begin(), from('kept '));
        await expect(uploads.append(kept, breaksAfter('half a chu'))).rejects.toThrow('the sender went away');
        const whole = await uploads.append(kept, from('and whole'));
        expect(whole.length).toBe(14);
        const key = await uploads.commit(whole, digestOf(text('kept and whole')));
        expect(await textOf(await blobs.open(key))).toBe('kept and whole');
      }),
    );

    test(
      'can be cut back to where they stood, and go on from there',
      withStores(async ({ blobs, uploads }) => {
        const kept = await uploads.append(begin(), from('kept'));
        const more = await uploads.append(kept, from(' and dropped'));
        await uploads.truncate(more, kept);
        const on = await uploads.append(kept, from(' on'));
        expect(on.length).toBe(7);
        const key = await uploads.commit(on, digestOf(text('kept on')));
        expect(await textOf(await blobs.open(key))).toBe('kept on');
      }),
    );

    test(
      'can be committed at the position although a later chunk broke off',
      withStores(async ({ blobs, uploads }) => {
        const kept = await uploads.append(begin(), from('kept'));
        await expect(uploads.append(kept, breaksAfter('lost', 'lost'))).rejects.toThrow();
        const key = await uploads.commit(kept, digestOf(text('kept')));
        expect(await textOf(await blobs.open(key))).toBe('kept');
      }),
    );

    test(
      'are refused as missing when fewer are there than the position says',
      withStores(async ({ uploads }) => {
        await expect(uploads.append({ ...begin(), length: 1 }, from('x'))).rejects.toThrow(BytesMissing);
        const five = await uploads.append(begin(), from('12345'));
        await expect(uploads.append({ ...five, length: 6 }, from('x'))).rejects.toThrow(BytesMissing);
        expect((await uploads.append(five, from('6'))).length).toBe(6);
      }),
    );

    test(
      'keep everybody else out until they are written, or leave him bytes of his own where many processes may write',
      withStores(async ({ blobs, uploads, shared }) => {
        const beginning = begin();
        const { promise: rest, resolve: send } = Promise.withResolvers<Uint8Array>();
        const begun = Promise.withResolvers<void>();
        async function* slowly(): AsyncGenerator<Uint8Array> {
          yield text('first ');
          begun.resolve();
          yield await rest;
        }
        const first = uploads.append(beginning, slowly());
        await begun.promise;
        const second = uploads.append(beginning, from('second'));
        if (shared) {
          const key = await uploads.commit(await second, digestOf(text('second')));
          expect(await textOf(await blobs.open(key))).toBe('second');
        } else {
          await expect(second).rejects.toThrow(UploadBusy);
          await expect(uploads.commit(beginning, digestOf(text('')))).rejects.toThrow(UploadBusy);
        }
        expect((await uploads.append(begin(), from('another key'))).length).toBe(11);
        send(text('last'));
        const position = await first;
        expect(position.length).toBe(10);
        const key = await uploads.commit(position, digestOf(text('first last')));
        expect(await textOf(await blobs.open(key))).toBe('first last');
      }),
    );

    test(
      'are free for the next writer after one that failed',
      withStores(async ({ uploads }) => {
        const beginning = begin();
        await expect(uploads.append(beginning, breaksAfter())).rejects.toThrow('the sender went away');
        await expect(uploads.append({ ...beginning, length: 9 }, from())).rejects.toThrow(BytesMissing);
        expect((await uploads.append(beginning, from('next'))).length).toBe(4);
      }),
    );

    test(
      'are no blob under the key of their upload before they are committed',
      withStores(async ({ blobs, uploads }) => {
        const beginning = begin();
        await uploads.append(beginning, from('unfinished'));
        await expect(blobs.open(beginning.key)).rejects.toThrow(BytesMissing);
      }),
    );

    test(
      'have names, which are all that takes space',
      withStores(async (stores) => {
        const { blobs, uploads } = stores;
        const position = await uploads.append(begin(), from('unfinished'));
        const names = uploads.namesOf(position);
        expect(names.reduce((sum, { size }) => sum + size, 0)).toBe(10);
        expect(await blobs.erase(names.map(({ storageKey }) => storageKey))).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(0);
        await expectGone(stores, position, 'unfinished');
      }),
    );
  });

  describe(`${name}: a commit`, () => {
    test.each(['sha256', 'sha512'] as const)('makes a blob of bytes with the %s that was named', (algorithm) =>
      withStores(async ({ blobs, uploads }) => {
        const part = await uploads.append(begin(), from('con'));
        const whole = await uploads.append(part, from('tent'));
        const key = await uploads.commit(whole, digestOf(text('content'), algorithm));
        expect(await textOf(await blobs.open(key))).toBe('content');
      })(),
    );

    test(
      'answers a key that is among the names of the position, or of no bytes at all',
      withStores(async ({ uploads }) => {
        const position = await uploads.append(begin(), from('content'));
        const names = uploads.namesOf(position).map(({ storageKey }) => keyOf(storageKey));
        expect(names).toContain(await uploads.commit(position, digestOf(text('content'))));
      }),
    );

    test(
      'leaves bytes with another digest as they are, to be committed under their own',
      withStores(async ({ blobs, uploads }) => {
        const beginning = begin();
        const position = await uploads.append(beginning, from('content'));
        await expect(uploads.commit(position, digestOf(text('contend')))).rejects.toThrow(DigestMismatch);
        await expect(uploads.commit(position, digestOf(text('contend'), 'sha512'))).rejects.toThrow(DigestMismatch);
        await expect(blobs.open(beginning.key)).rejects.toThrow(BytesMissing);
        const key = await uploads.commit(position, digestOf(text('content')));
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'takes the bytes of its position only, when more have come',
      withStores(async ({ blobs, uploads }) => {
        const position = await uploads.append(begin(), from('content'));
        await uploads.append(position, from(' and more'));
        const key = await uploads.commit(position, digestOf(text('content')));
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'without any byte makes the empty blob, and only that',
      withStores(async ({ blobs, uploads }) => {
        const beginning = begin();
        await expect(uploads.commit(beginning, digestOf(text('x')))).rejects.toThrow(DigestMismatch);
        const key = await uploads.commit(beginning, digestOf(text('')));
        expect(await textOf(await blobs.open(key))).toBe('');
      }),
    );

    test(
      'of more bytes than there are, or of an unknown key, is refused as missing',
      withStores(async ({ uploads }) => {
        await expect(uploads.commit({ ...begin(), length: 1 }, digestOf(text('x')))).rejects.toThrow(BytesMissing);
        const position = await uploads.append(begin(), from('x'));
        await expect(uploads.commit({ ...position, length: 2 }, digestOf(text('xy')))).rejects.toThrow(BytesMissing);
        await uploads.commit(position, digestOf(text('x')));
      }),
    );

    test(
      'done again answers the same key, or is refused: what it made stays as it is',
      withStores(async (stores) => {
        const { blobs, uploads, shared } = stores;
        const beginning = begin();
        const position = await uploads.append(beginning, from('content'));
        const key = await uploads.commit(position, digestOf(text('content')));
        const again = uploads.commit(position, digestOf(text('content')));
        if (shared) expect(await again).toBe(key);
        else {
          await expect(again).rejects.toThrow(BytesMissing);
          await expect(uploads.commit(beginning, digestOf(text('')))).rejects.toThrow(BytesMissing);
          await expect(uploads.append(position, from('more'))).rejects.toThrow(BytesMissing);
          await expect(uploads.append(beginning, from('anew'))).rejects.toThrow(BytesMissing);
          await expect(uploads.truncate(position, beginning)).rejects.toThrow(BytesMissing);
        }
        expect(await stores.bytesOnDisk()).toBe(7);
        expect(await textOf(await blobs.open(key))).toBe('content');
      }),
    );

    test(
      'that meets another one of the same position: one succeeds, and the other does alike or is refused in words of the store',
      withStores(async ({ blobs, uploads }) => {
        for (let round = 0; round < 20; round++) {
          const position = await uploads.append(begin(), from('content'));
          const outcomes = await Promise.allSettled([
            uploads.commit(position, digestOf(text('content'))),
            uploads.commit(position, digestOf(text('content'))),
          ]);
          const keys = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
          const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
          expect(new Set(keys).size).toBe(1);
          for (const error of errors) expect(error instanceof UploadBusy || error instanceof BytesMissing).toBe(true);
          for (const key of keys) expect(await textOf(await blobs.open(key))).toBe('content');
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
        // Fewer may be in the position itself.
        const content = 'unfinished'.repeat(2000);
        const unfinished = await uploads.append(begin(), from(content));
        expect(await stores.bytesOnDisk()).toBe(12 + content.length);
        const names = uploads.namesOf(unfinished).map(({ storageKey }) => storageKey);
        expect(await blobs.erase([finished, ...names])).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(4);
        await expect(blobs.open(finished)).rejects.toThrow(BytesMissing);
        await expectGone(stores, unfinished, content);
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
        const { repair } = (await stores.failErasure?.(stuck)) ?? expect.unreachable();
        const failures = await stores.blobs.erase([first, stuck, last]);
        expect([...failures.keys()]).toEqual([stuck]);
        expect(failures.get(stuck)).toBeInstanceOf(Error);
        await repair();
        await expect(stores.blobs.open(first)).rejects.toThrow(BytesMissing);
        await expect(stores.blobs.open(last)).rejects.toThrow(BytesMissing);
        expect(await textOf(await stores.blobs.open(stuck))).toBe('2');
        expect(await stores.blobs.erase([first, stuck, last])).toEqual(new Map());
        expect(await stores.bytesOnDisk()).toBe(0);
      }, untried.failingErasure),
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
      const position = await uploads.append(begin(), generated());
      expect(position.length).toBe(size);
      const digest = `sha256:${hash.digest('hex')}` as Digest;
      const key = await uploads.commit(position, digest);
      const read = createHash('sha256');
      for await (const chunk of await blobs.open(key)) {
        read.update(chunk as Buffer);
        measure();
        await setImmediate();
      }
      expect(`sha256:${read.digest('hex')}`).toBe(digest);
      // What nobody needs any more is collected when it has come to some dozens of megabytes.
      expect(peak).toBeLessThan(110 * MIB);
    }, untried.memory),
  );
}
