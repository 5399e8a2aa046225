import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { GatheringBuffer } from '../../src/blobs/s3/gathering-buffer.ts';
import { PartBudget } from '../../src/blobs/s3/part-budget.ts';
import { leastPart, PART_BYTES } from '../../src/blobs/s3/part-size.ts';
import { MAX_LAYER_BYTES } from '../../src/registry/layer/append-upload.ts';

const MIB = 1024 * 1024;

test('The largest layer of ECR fits into ten thousand parts, however small the chunks that it comes in', () => {
  let [parts, bytes] = [0, 0];
  for (; bytes < MAX_LAYER_BYTES; parts++) bytes += leastPart(parts);
  expect(parts).toBeLessThanOrEqual(10_000);
  expect(leastPart(0)).toBe(5 * MIB);
  expect(PART_BYTES * 10_000).toBeGreaterThan(MAX_LAYER_BYTES);
});

test('Who gets no memory for a part waits, in order of arrival; few bytes need none', async () => {
  const budget = new PartBudget(2);
  const order: string[] = [];
  const buffers = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name, at) => {
      const buffer = new GatheringBuffer(budget);
      const filled = buffer.add(Buffer.alloc(MIB, name)).then(() => order.push(name));
      if (at < 2) await filled;
      return buffer;
    }),
  );
  const small = new GatheringBuffer(budget);
  expect(await small.add(Buffer.from('few'))).toBe(3);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  expect(order).toEqual(['a', 'b']);
  const sent: string[] = [];
  const send = async (bytes: Uint8Array) => {
    sent.push(`${bytes.byteLength} ${String.fromCharCode(bytes[0] ?? 0)}`);
  };
  await buffers[1]?.take(send);
  await buffers[0]?.take(() => Promise.reject(new Error('not sent'))).catch(() => undefined);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  expect(order).toEqual(['a', 'b', 'c', 'd']);
  for (const buffer of [...buffers.slice(2), small]) await buffer.take(send);
  expect(sent).toEqual([`${MIB} b`, `${MIB} c`, `${MIB} d`, '3 f']);
});

test('A part takes as much as it has room for, and nothing of what it was lent before', async () => {
  const budget = new PartBudget(1);
  const first = new GatheringBuffer(budget);
  expect(await first.add(Buffer.alloc(PART_BYTES + 5, 'x'))).toBe(PART_BYTES);
  expect([first.isFull, await first.add(Buffer.from('more'))]).toEqual([true, 0]);
  first.drop();
  const second = new GatheringBuffer(budget);
  await second.add(Buffer.alloc(MIB, 'y'));
  let sent = Buffer.of();
  await second.take(async (bytes) => {
    sent = Buffer.from(bytes);
  });
  expect(sent.equals(Buffer.alloc(MIB, 'y'))).toBe(true);
  expect(second.size).toBe(0);
});
