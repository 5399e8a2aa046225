import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { FileStream } from '../../src/blobs/file-system/file-stream.ts';
import { ReadShare } from '../../src/blobs/file-system/read-share.ts';
import { memoryFolder } from '../support/temp-folder.ts';

const CONTENT = Buffer.from(Array.from({ length: 600_000 }, (_, at) => at % 251));
const KIB = 1024;

async function opened(range?: { first: number; last: number }, share = new ReadShare()) {
  await using folder = await memoryFolder();
  const path = join(folder.path, 'file');
  const file = await open(path, 'w+');
  await file.write(CONTENT);
  return { file, stream: new FileStream(file, share, range) };
}

test.each([
  [0, 599_999],
  [0, 0],
  [599_999, 599_999],
  [1, 65_536],
  [123_456, 456_789],
])('the bytes from %i to %i come as they are', async (first, last) => {
  const { stream } = await opened({ first, last });
  expect((await buffer(stream)).equals(CONTENT.subarray(first, last + 1))).toBe(true);
});

test('without a range all bytes come, and of an empty range none', async () => {
  expect((await buffer((await opened()).stream)).equals(CONTENT)).toBe(true);
  expect(await buffer((await opened({ first: 0, last: -1 })).stream)).toEqual(Buffer.of());
});

test.each([600_000, 700_000])('a file that ends before byte %i does is an error', async (last) => {
  const { stream } = await opened({ first: 0, last });
  await expect(buffer(stream)).rejects.toThrow(`The file ends at 600000, not at ${last + 1}`);
});

test('nothing is read ahead of who takes it, and the file is closed when it is left', async () => {
  const { stream, file } = await opened();
  const pieces: Buffer[] = [];
  await new Promise<void>((resolve) =>
    stream.on('data', (piece: Buffer) => {
      pieces.push(piece);
      stream.pause();
      resolve();
    }),
  );
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(pieces).toHaveLength(1);
  expect(stream.readableLength).toBe(0);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.destroy();
  await closed;
  expect(file.fd).toBe(-1);
});

test('a stream that is destroyed while it reads closes its file after that', async () => {
  const { stream, file } = await opened();
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.read(0);
  stream.destroy();
  expect(file.fd).toBeGreaterThan(0);
  await closed;
  expect(file.fd).toBe(-1);
});

test('the more streams are open, the shorter the pieces that each reads', async () => {
  const share = new ReadShare();
  const lengths = [0, 1, 32, 33, 500, 10_000].map((streams) => {
    for (let entered = 0; entered < streams; entered++) share.enter();
    const { length } = share;
    for (let left = 0; left < streams; left++) share.leave();
    return length / KIB;
  });
  expect(lengths).toEqual([64, 64, 64, 32, 8, 8]);
  const { stream } = await opened(undefined, share);
  for (let entered = 0; entered < 500; entered++) share.enter();
  const [first] = await stream.take(1).toArray();
  expect(first).toHaveLength(8 * KIB);
});
