import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { FileStream } from '../../src/blobs/file-system/file-stream.ts';
import { ReadBudget } from '../../src/blobs/file-system/read-budget.ts';
import { sent } from '../contract/sent.ts';
import { memoryFolder } from '../support/temp-folder.ts';

const CONTENT = Buffer.from(Array.from({ length: 600_000 }, (_, at) => at % 251));
const KIB = 1024;

async function opened(range?: { first: number; last: number }, budget = new ReadBudget()) {
  await using folder = await memoryFolder();
  const path = join(folder.path, 'file');
  const file = await open(path, 'w+');
  await file.write(CONTENT);
  return { file, stream: await FileStream.open(file, budget, range) };
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
  const again = await opened({ first, last });
  expect((await sent(again.stream)).equals(CONTENT.subarray(first, last + 1))).toBe(true);
});

test('without a range all bytes come, and of an empty range none', async () => {
  expect((await sent((await opened()).stream)).equals(CONTENT)).toBe(true);
  expect(await sent((await opened({ first: 0, last: -1 })).stream)).toEqual(Buffer.of());
  expect((await buffer((await opened()).stream)).equals(CONTENT)).toBe(true);
  expect(await buffer((await opened({ first: 0, last: -1 })).stream)).toEqual(Buffer.of());
});

test.each([600_000, 700_000])('a file that ends before byte %i does is an error', async (last) => {
  const { stream } = await opened({ first: 0, last });
  await expect(buffer(stream)).rejects.toThrow(`The file ends at 600000, not at ${last + 1}`);
  await expect(sent((await opened({ first: 0, last })).stream)).rejects.toThrow(`not at ${last + 1}`);
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

test('one piece is read while the one before is being written, and no more', async () => {
  const { stream } = await opened();
  const begun: Buffer[] = [];
  const stuck = new Writable({ highWaterMark: 1, write: (piece: Buffer) => void begun.push(piece) });
  const sending = stream.sendTo(stuck);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(begun).toHaveLength(1);
  expect(stuck.writableLength).toBe(begun[0]?.length);
  stuck.destroy();
  await expect(sending).rejects.toThrow('The connection was closed before all was sent');
});

test('the file is closed when all has been sent, and when no more can be', async () => {
  const whole = await opened();
  const closed = new Promise((resolve) => whole.stream.once('close', resolve));
  await sent(whole.stream);
  await closed;
  expect(whole.file.fd).toBe(-1);
  const cut = await opened();
  const cutClosed = new Promise((resolve) => cut.stream.once('close', resolve));
  const gone = new Writable({ write: (_piece, _encoding, done) => done(new Error('gone')) }).on(
    'error',
    () => undefined,
  );
  await expect(cut.stream.sendTo(gone)).rejects.toThrow('gone');
  await cutClosed;
  expect(cut.file.fd).toBe(-1);
});

test('pieces are long while few are sent, and short when many are; together they stay within the budget', () => {
  const budget = new ReadBudget();
  const lent = Array.from({ length: 1000 }, () => budget.lend(1024 * KIB));
  expect(lent.slice(0, 5).map(({ length }) => length / KIB)).toEqual(Array(5).fill(512));
  expect((lent.at(-1)?.length ?? 0) / KIB).toBe(8);
  const all = lent.reduce((sum, { length }) => sum + length, 0);
  expect(all / KIB).toBeLessThanOrEqual(4 * 1024 + 1000 * 8);
  for (const buffer of lent) budget.giveBack(buffer);
  expect(budget.lend(1024 * KIB)).toHaveLength(512 * KIB);
  expect(budget.lend(10)).toHaveLength(10);
  expect(budget.lend(0)).toHaveLength(0);
});

test('what was lent is given back, whichever way the stream is taken and however it ends', async () => {
  let outstanding = 0;
  class Counted extends ReadBudget {
    override lend(wanted: number): Buffer {
      outstanding += 1;
      return super.lend(wanted);
    }

    override giveBack(buffer: Buffer): void {
      outstanding -= 1;
      super.giveBack(buffer);
    }
  }
  const budget = new Counted();
  const next = async () => (await opened(undefined, budget)).stream;
  await sent(await next());
  await buffer(await next());
  (await next()).destroy();
  await expect(opened({ first: 600_000, last: 600_000 }, budget)).rejects.toThrow('The file ends');
  expect(outstanding).toBe(0);
});
