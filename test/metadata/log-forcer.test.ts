import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogForcer, LogNotForced } from '../../src/metadata/sqlite/log-forcer.ts';
import { memoryFolder } from '../support/temp-folder.ts';

async function openForcer() {
  const folder = await memoryFolder();
  const path = join(folder.path, 'log');
  await using file = await open(path, 'w');
  await file.write('a log');
  const forcer = new LogForcer(path);
  return {
    forcer,
    [Symbol.asyncDispose]: async () => {
      await forcer.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('who asks in the same turn shares a force, and who asks while it runs shares the next', async () => {
  await using opened = await openForcer();
  const { forcer } = opened;
  expect(forcer.pending).toBeUndefined();
  const first = forcer.force();
  expect(forcer.force()).toBe(first);
  expect(forcer.pending).toBe(first);
  // What is committed from here on may come too late for the force that has begun.
  await Promise.resolve();
  await Promise.resolve();
  const second = forcer.force();
  expect(second).not.toBe(first);
  expect(forcer.force()).toBe(second);
  const order: string[] = [];
  first.then(() => order.push('first'));
  await second.then(() => order.push('second'));
  expect(order).toEqual(['first', 'second']);
  expect(forcer.pending).toBeUndefined();
});

test('a force that failed is the last', async () => {
  await using folder = await memoryFolder();
  const forcer = new LogForcer(join(folder.path, 'missing'));
  await expect(forcer.force()).rejects.toThrow(LogNotForced);
  await (await open(join(folder.path, 'missing'), 'w')).close();
  await expect(forcer.force()).rejects.toThrow(/ENOENT/);
});
