import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { wholeStream } from '../../src/oci/whole-stream.ts';

const bytes = (length: number) => Readable.from([Buffer.alloc(length, 'x')], { objectMode: false });

test.each([0, 1, 65_536, 300_000])('%i bytes pass as they are', async (length) => {
  const passed = await buffer(await wholeStream(bytes(length), length));
  expect(passed).toEqual(Buffer.alloc(length, 'x'));
});

test.each([
  [9, 10],
  [11, 10],
  [1, 0],
  [0, 1],
])('%i bytes where there should be %i are an error', async (given, announced) => {
  const sentence = `The store gave ${given} bytes where the metadata says ${announced}`;
  await expect((async () => buffer(await wholeStream(bytes(given), announced)))()).rejects.toThrow(sentence);
});

test('the end comes with the last byte, not with the end of the file', async () => {
  const source = new PassThrough();
  source.write('0123456789');
  const stream = await wholeStream(source, 10);
  expect((await buffer(stream)).toString()).toBe('0123456789');
  expect(source.writableEnded).toBe(false);
  source.end();
});

test('a reader that goes away closes the file', async () => {
  const source = new PassThrough();
  source.write('0123');
  const stream = await wholeStream(source, 10);
  stream.destroy();
  await new Promise((resolve) => source.on('close', resolve));
  expect(source.destroyed).toBe(true);
});

test('a file that cannot be read fails before the first byte', async () => {
  const source = new Readable({
    read() {
      this.destroy(new Error('EIO'));
    },
  });
  await expect(wholeStream(source, 10)).rejects.toThrow('EIO');
});
