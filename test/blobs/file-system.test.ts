import { mkdir, readdir, rename, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { BytesMissing } from '../../src/blobs/blob-store.ts';
import { openFileSystemStores } from '../../src/blobs/file-system/open-stores.ts';
import { digestOf } from '../../src/model/digest.ts';
import { randomIds, type StorageKey } from '../../src/model/ids.ts';
import { blobListingContract } from '../contract/blob-listing.ts';
import { type BlobStoreUnderTest, blobStoreContract } from '../contract/blob-store.ts';
import { blobPath } from '../support/blob-path.ts';
import { chunksOf } from '../support/images.ts';
import { bytesIn, filesIn, tempFolder } from '../support/temp-folder.ts';

const ids = randomIds();
const CONTENT = Buffer.from('content');
const at = (key: StorageKey, length = 0) => ({ key, length, state: undefined });

async function openForTest(): Promise<BlobStoreUnderTest> {
  const folder = await tempFolder();
  const stores = await openFileSystemStores(folder.path);
  return {
    ...stores,
    shared: false,
    bytesOnDisk: () => bytesIn(folder.path),
    failErasure: async (key: StorageKey) => {
      // Even the super-user cannot unlink a folder.
      const path = blobPath(folder.path, key);
      await rename(path, `${path}.aside`);
      await mkdir(path);
      return {
        repair: async () => {
          await rmdir(path);
          await rename(`${path}.aside`, path);
        },
      };
    },
    plantForeign: async () => {
      const name = randomIds().storageKey();
      const elsewhere = name.endsWith('00') ? '11' : '00';
      await mkdir(join(folder.path, 'blobs', elsewhere, 'folder'), { recursive: true });
      await mkdir(join(folder.path, 'blobs', 'lost+found'));
      await symlink(folder.path, join(folder.path, 'uploads', name));
      const files = ['uploads/notes.txt', 'blobs/README', `blobs/${elsewhere}/${name}`, `blobs/${elsewhere}/.hidden`];
      for (const file of files) await writeFile(join(folder.path, file), 'foreign');
      return [...files, `blobs/${elsewhere}/folder`, 'blobs/lost+found', `uploads/${name}`];
    },
    dispose: () => folder[Symbol.asyncDispose](),
  };
}

blobStoreContract('The file system', openForTest);
blobListingContract('The file system', openForTest);

test('Bytes lie where the layout says: arriving ones in uploads, finished ones in a folder by the end of their name', async () => {
  await using folder = await tempFolder();
  const { uploads } = await openFileSystemStores(folder.path);
  const key = ids.storageKey();
  const name = key;
  await uploads.append(at(key), chunksOf(CONTENT));
  expect([...(await filesIn(folder.path)).keys()]).toEqual([`uploads/${name}`]);
  await uploads.commit(at(key, CONTENT.byteLength), digestOf(CONTENT));
  expect([...(await filesIn(folder.path)).keys()]).toEqual([`blobs/${name.slice(-2)}/${name}`]);
});

test('Nobody else on the machine can look into the folders or the files', async () => {
  await using parent = await tempFolder();
  const root = join(parent.path, 'not', 'yet', 'there');
  const { uploads } = await openFileSystemStores(root);
  const [finished, unfinished] = [ids.storageKey(), ids.storageKey()];
  await uploads.append(at(finished), chunksOf(CONTENT));
  await uploads.commit(at(finished, CONTENT.byteLength), digestOf(CONTENT));
  await uploads.append(at(unfinished), chunksOf(CONTENT));
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  expect(entries).toHaveLength(5);
  for (const entry of entries) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect((mode & 0o777).toString(8), entry.name).toBe(entry.isDirectory() ? '700' : '600');
  }
  expect(((await stat(root)).mode & 0o777).toString(8)).toBe('700');
});

test('A folder that others could look into is closed to them when it is opened', async () => {
  await using parent = await tempFolder();
  const root = join(parent.path, 'open');
  await mkdir(root, { mode: 0o755 });
  await openFileSystemStores(root);
  expect(((await stat(root)).mode & 0o777).toString(8)).toBe('700');
});

test('An upload goes on, and is completed, in stores that are opened anew', async () => {
  await using folder = await tempFolder();
  const key = ids.storageKey();
  const first = await openFileSystemStores(folder.path);
  await first.uploads.append(at(key), chunksOf(Buffer.from('before ')));
  const second = await openFileSystemStores(folder.path);
  expect(await second.uploads.append(at(key, 7), chunksOf(Buffer.from('and after')))).toEqual(at(key, 16));
  const third = await openFileSystemStores(folder.path);
  await third.uploads.commit(at(key, 16), digestOf(Buffer.from('before and after')));
  expect((await buffer(await third.blobs.open(key))).toString()).toBe('before and after');
});

test('An upload whose bytes a crash has cut short is refused as missing, not completed with what is left', async () => {
  await using folder = await tempFolder();
  const key = ids.storageKey();
  const { uploads } = await openFileSystemStores(folder.path);
  await uploads.append(at(key), chunksOf(CONTENT));
  await writeFile(join(folder.path, 'uploads', key), CONTENT.subarray(0, 3));
  await expect(uploads.append(at(key, 7), chunksOf(CONTENT))).rejects.toThrow(BytesMissing);
  await expect(uploads.commit(at(key, 7), digestOf(CONTENT))).rejects.toThrow(BytesMissing);
});

test('A commit after more uploads than hashes are kept for reads the bytes again', async () => {
  await using folder = await tempFolder();
  const { blobs, uploads } = await openFileSystemStores(folder.path);
  const key = ids.storageKey();
  await uploads.append(at(key), chunksOf(CONTENT));
  for (let others = 0; others < 1100; others++) await uploads.append(at(ids.storageKey()), chunksOf());
  await uploads.commit(at(key, 7), digestOf(CONTENT));
  expect((await buffer(await blobs.open(key))).equals(CONTENT)).toBe(true);
});

test('A link that somebody planted in place of bytes is neither read nor written through', async () => {
  await using folder = await tempFolder();
  const { blobs, uploads } = await openFileSystemStores(join(folder.path, 'stores'));
  const secret = join(folder.path, 'secret');
  await writeFile(secret, 'secret');
  const key = ids.storageKey();
  await mkdir(join(folder.path, 'stores', 'blobs', key.slice(-2)), { recursive: true });
  await symlink(secret, blobPath(join(folder.path, 'stores'), key));
  const arriving = ids.storageKey();
  await symlink(secret, join(folder.path, 'stores', 'uploads', arriving));
  await expect(blobs.open(key)).rejects.toThrow(/ELOOP/);
  await expect(uploads.append(at(arriving), chunksOf(CONTENT))).rejects.toThrow(/ELOOP/);
  await expect(uploads.commit(at(arriving), digestOf(Buffer.of()))).rejects.toThrow(/ELOOP/);
  expect(await blobs.erase([key, arriving])).toEqual(new Map());
  expect((await stat(secret)).size).toBe(6);
});
