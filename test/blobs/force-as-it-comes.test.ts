import { expect, test } from 'vitest';
import { ForceAsItComes } from '../../src/blobs/file-system/force-as-it-comes.ts';

const MIB = 1024 * 1024;

/** A file whose forces end when the test says so. */
function slowFile() {
  const forces: PromiseWithResolvers<void>[] = [];
  const datasync = () => {
    const force = Promise.withResolvers<void>();
    forces.push(force);
    return force.promise;
  };
  return { forces, file: { datasync } };
}

test('a large file is forced on its way, one force at a time, and a small one not at all', async () => {
  const { forces, file } = slowFile();
  const force = new ForceAsItComes(file, 5 * MIB);
  force.writtenTo(20 * MIB);
  expect(forces).toHaveLength(0);
  await force.ended();
  force.writtenTo(21 * MIB);
  force.writtenTo(60 * MIB);
  expect(forces).toHaveLength(1);
  forces[0]?.resolve();
  await force.ended();
  force.writtenTo(61 * MIB);
  expect(forces).toHaveLength(2);
});

test('who asks at the end waits for the force that is running', async () => {
  const { forces, file } = slowFile();
  const force = new ForceAsItComes(file, 0);
  force.writtenTo(16 * MIB);
  let hasEnded = false;
  const ended = force.ended().then(() => {
    hasEnded = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(hasEnded).toBe(false);
  forces[0]?.resolve();
  await ended;
});

test('after a force that failed there is none, and whoever asks hears of it', async () => {
  const { forces, file } = slowFile();
  const force = new ForceAsItComes(file, 0);
  force.writtenTo(16 * MIB);
  forces[0]?.reject(new Error('EIO'));
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  force.writtenTo(99 * MIB);
  expect(forces).toHaveLength(1);
  await expect(force.ended()).rejects.toThrow('EIO');
});
