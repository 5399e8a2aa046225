import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { StoredFile, UploadPosition, UploadStore } from '../../src/blobs/blob-store.ts';
import { digestOf } from '../../src/model/digest.ts';
import { randomIds, type StorageKey, type StoredName } from '../../src/model/ids.ts';
import { chunksOf } from '../support/images.ts';
import type { BlobStoreUnderTest } from './blob-store.ts';

const ids = randomIds();
/** Bytes that take space in every store before they are finished: fewer may be in the position itself. */
const UNFINISHED = 'unfinished'.repeat(2000);

/** Bytes of an upload that is not finished, by the one name that they have while they are few. */
async function write({ uploads }: BlobStoreUnderTest, content: string): Promise<StoredName> {
  const position = await append(uploads, content);
  const [name] = uploads.namesOf(position);
  if (!name) throw new Error('The bytes have no name');
  return name.storageKey;
}

async function store({ uploads }: BlobStoreUnderTest, content: string): Promise<StorageKey> {
  return uploads.commit(await append(uploads, content), digestOf(Buffer.from(content)));
}

function append(uploads: UploadStore, content: string): Promise<UploadPosition> {
  const beginning = { key: ids.storageKey(), length: 0, state: undefined };
  return uploads.append(beginning, chunksOf(Buffer.from(content)));
}

async function listed({ blobs }: BlobStoreUnderTest): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const file of blobs.list()) files.push(file);
  return files;
}

/** What a store says of what lies in it. */
export function blobListingContract(name: string, open: () => Promise<BlobStoreUnderTest>): void {
  const withStores = (work: (stores: BlobStoreUnderTest) => Promise<void>) => async () => {
    const stores = await open();
    try {
      await work(stores);
    } finally {
      await stores.dispose();
    }
  };

  describe(`${name}: a listing`, () => {
    test(
      'of an empty store has nothing',
      withStores(async (stores) => {
        expect(await listed(stores)).toEqual([]);
        await stores.blobs.erase([await store(stores, 'gone')]);
        expect(await listed(stores)).toEqual([]);
      }),
    );

    test(
      'has finished and unfinished bytes, each once, with their size and when they were written',
      withStores(async (stores) => {
        const finished = await store(stores, 'finished');
        const empty = await store(stores, '');
        const unfinished = await write(stores, UNFINISHED);
        const now = Date.now();
        const files = await listed(stores);
        const expected = [
          ['blob', finished, 8],
          ['blob', empty, 0],
          [stores.shared ? 'blob' : 'upload', unfinished, UNFINISHED.length],
        ];
        expect(files.map((file) => file.kind !== 'foreign' && [file.kind, file.key, file.size]).sort()).toEqual(
          expected.sort(),
        );
        for (const file of files) {
          expect(file.kind !== 'foreign' && Math.abs(file.modifiedAt - now)).toBeLessThan(60_000);
        }
      }),
    );

    test(
      'of hundreds of files has every one, and can be left half-way',
      withStores(async (stores) => {
        const keys = await Promise.all(Array.from({ length: 300 }, () => write(stores, UNFINISHED)));
        const finished = await Promise.all(Array.from({ length: 50 }, () => store(stores, 'y')));
        const files = await listed(stores);
        const found = files.map((file) => file.kind !== 'foreign' && file.key);
        expect(found.sort()).toEqual([...keys, ...finished].sort());
        for await (const file of stores.blobs.list()) {
          expect(file.kind).not.toBe('foreign');
          break;
        }
        expect(await listed(stores)).toHaveLength(350);
      }),
    );

    test(
      'goes on to its end while bytes come and go, and has those that stayed',
      withStores(async (stores) => {
        const staying = await Promise.all(Array.from({ length: 150 }, (_, at) => store(stores, `stays ${at}`)));
        const going = await Promise.all(Array.from({ length: 150 }, (_, at) => store(stores, `goes ${at}`)));
        const found = new Set<string>();
        for await (const file of stores.blobs.list()) {
          if (found.size === 0) await stores.blobs.erase(going);
          if (found.size < 20) await store(stores, `comes ${found.size}`);
          if (file.kind !== 'foreign') found.add(file.key);
        }
        expect(staying.filter((key) => !found.has(key))).toEqual([]);
      }),
    );

    test(
      'names what is not the store’s own, wherever it lies, and takes none of it for bytes',
      withStores(async (stores) => {
        const key = await store(stores, 'own');
        const planted = await stores.plantForeign();
        const files = await listed(stores);
        expect(files.flatMap((file) => (file.kind === 'foreign' ? [file.name] : [])).sort()).toEqual(
          [...planted].sort(),
        );
        expect(files.flatMap((file) => (file.kind === 'foreign' ? [] : [file.key]))).toEqual([key]);
        expect((await buffer(await stores.blobs.open(key))).toString()).toBe('own');
      }),
    );
  });

  describe(`${name}: a look at keys`, () => {
    test(
      'answers those that have bytes, finished or not, and leaves out the others',
      withStores(async (stores) => {
        const finished = await store(stores, 'finished');
        const unfinished = await write(stores, UNFINISHED);
        const gone = await store(stores, 'gone');
        await stores.blobs.erase([gone]);
        const stored = await stores.blobs.stat([finished, ids.storageKey(), unfinished, gone]);
        expect([...stored.keys()].sort()).toEqual([finished, unfinished].sort());
        expect(stored.get(finished)).toMatchObject({ kind: 'blob', key: finished, size: 8 });
        expect(stored.get(unfinished)).toMatchObject({
          kind: stores.shared ? 'blob' : 'upload',
          key: unfinished,
          size: UNFINISHED.length,
        });
      }),
    );

    test(
      'of no keys, or of many, answers for all of them',
      withStores(async (stores) => {
        expect(await stores.blobs.stat([])).toEqual(new Map());
        const keys = await Promise.all(Array.from({ length: 200 }, () => store(stores, 'x')));
        expect([...(await stores.blobs.stat([...keys, ...keys])).keys()].sort()).toEqual(keys.sort());
      }),
    );
  });
}
