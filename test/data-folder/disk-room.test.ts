import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DiskRoom } from '../../src/data-folder/disk-room.ts';
import { isFault } from '../../src/model/fault.ts';
import { memoryFolder } from '../support/temp-folder.ts';

const MIB = 1024 * 1024;

/** A room on a disk whose free space the test says; what the reserve takes of it is taken into account. */
async function open({ free = 1000, total = 4000 } = {}) {
  const folder = await memoryFolder();
  const file = join(folder.path, 'reserve');
  const held = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const disk = { others: free };
  const changes: boolean[] = [];
  const room = new DiskRoom(folder.path, file, {
    onChange: (isShort) => changes.push(isShort),
    measure: () => ({ free: disk.others * MIB - held(), total: total * MIB }),
  });
  return { room, disk, held, changes, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const refusal = (error: unknown) => isFault(error, 'StorageFull');

test('The reserve is 32 MiB, or a sixteenth of a small disk, and really written', async () => {
  await using large = await open();
  await large.room.prepare();
  expect(large.held()).toBe(32 * MIB);
  await using small = await open({ free: 100, total: 160 });
  await small.room.prepare();
  expect(small.held()).toBe(10 * MIB);
  expect([large.room.isShort, small.room.isShort]).toEqual([false, false]);
});

test('Where half of the reserve is all that is left beside it, new things are refused, and the reserve is kept', async () => {
  await using opened = await open();
  const { room, disk, held, changes } = opened;
  await room.prepare();
  disk.others = 32 + 16;
  await room.admit();
  disk.others -= 0.01;
  await expect(room.admit()).rejects.toSatisfy(refusal);
  expect([room.isShort, held(), changes]).toEqual([true, 32 * MIB, [true]]);
});

test('The reserve is given up where as good as nothing is left beside it', async () => {
  await using opened = await open();
  const { room, disk, held } = opened;
  await room.prepare();
  disk.others = 32 + 4;
  room.look();
  expect(held()).toBe(32 * MIB);
  disk.others -= 0.01;
  room.look();
  expect([room.isShort, held()]).toEqual([true, 0]);
});

test('A reserve that was kept is enough when as much as itself is free beside it', async () => {
  await using opened = await open();
  const { room, disk, held, changes } = opened;
  await room.prepare();
  disk.others = 40;
  room.look();
  disk.others = 63.9;
  await expect(room.admit()).rejects.toSatisfy(refusal);
  disk.others = 64;
  await room.admit();
  expect([room.isShort, held(), changes]).toEqual([false, 32 * MIB, [true, false]]);
});

test('It is made again when as much as itself is left over, and things are taken again', async () => {
  await using opened = await open();
  const { room, disk, held, changes } = opened;
  await room.prepare();
  disk.others = 33;
  room.look();
  for (const others of [40, 63.9]) {
    disk.others = others;
    await expect(room.admit()).rejects.toSatisfy(refusal);
  }
  disk.others = 64;
  await Promise.all([room.admit(), room.admit(), room.admit()]);
  expect([room.isShort, held(), changes]).toEqual([false, 32 * MIB, [true, false]]);
});

test('Whoever is refused by the system gives up the reserve, however much there seems to be', async () => {
  await using opened = await open();
  await opened.room.prepare();
  opened.room.ranOut();
  expect([opened.room.isShort, opened.held()]).toEqual([true, 0]);
});

test('A folder that is opened on a full disk is short from the beginning', async () => {
  await using bare = await open({ free: 50 });
  await bare.room.prepare();
  expect([bare.room.isShort, bare.held()]).toEqual([true, 0]);
});

test('A reserve that cannot be made leaves the room short, and says why', async () => {
  await using folder = await memoryFolder();
  const causes: unknown[] = [];
  const room = new DiskRoom(folder.path, join(folder.path, 'missing', 'reserve'), {
    onChange: (_, cause) => causes.push(cause),
    measure: () => ({ free: 1000 * MIB, total: 4000 * MIB }),
  });
  await room.prepare();
  expect(room.isShort).toBe(true);
  expect(causes).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
});
