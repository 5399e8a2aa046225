import type { S3Place } from '../../../src/blobs/s3/open-stores.ts';
import { randomIds, type StorageKey } from '../../../src/model/ids.ts';
import type { BlobStoreUnderTest } from '../../contract/blob-store.ts';
import { LyingS3 } from './lying-s3.ts';
import { objectsIn, openOn, putObject } from './s3-under-test.ts';
import type { TestS3 } from './test-s3.ts';

const PREFIX = 'a prefix/of two';

/** Stores on this server, for the suites that every store passes. */
export async function openForContract(
  s3: TestS3,
  more: Pick<Partial<S3Place>, 'sse'> = {},
): Promise<BlobStoreUnderTest> {
  const opened = await openOn(s3, { prefix: PREFIX, ...more });
  const { blobs, uploads, identity } = opened;
  // What belongs to nobody's bytes is in its place, and in nobody's way.
  await identity.putIfAbsent('id');
  const own = async () => [...(await objectsIn(opened))].filter(([name]) => name !== `${PREFIX}/store-id`);
  return {
    blobs,
    uploads,
    shared: true,
    bytesOnDisk: async () => {
      const gathered: StorageKey[] = [];
      for await (const file of blobs.list()) if (file.kind === 'upload') gathered.push(file.key as StorageKey);
      const parts = [...(await blobs.stat(gathered)).values()].map(({ size }) => size);
      return [...(await own()).map(([, size]) => size), ...parts].reduce((sum, size) => sum + size, 0);
    },
    plantForeign: async () => {
      const key = randomIds().storageKey();
      const elsewhere = key.endsWith('00') ? '11' : '00';
      const names = ['notes.txt', `${elsewhere}/${key}`, 'lost+found/a file', `${key.slice(-2)}/${key}.old`];
      for (const name of names) await putObject(opened, `${PREFIX}/${name}`, 'foreign');
      await putObject(opened, 'a prefix/of two others', 'somebody else’s');
      return names;
    },
    ...(s3 instanceof LyingS3 && {
      failErasure: async (key: StorageKey) => {
        const name = `${PREFIX}/${key.slice(-2)}/${key}`;
        s3.honest.held.add(name);
        return {
          repair: async () => {
            s3.honest.held.delete(name);
          },
        };
      },
    }),
    dispose: async () => opened[Symbol.asyncDispose](),
  };
}
