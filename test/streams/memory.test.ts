import { expect, test } from 'vitest';
import { measureMemory } from '../../bench/memory/measure.ts';
import { whyNoResident } from '../../bench/memory/resident.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MIB = 1024 * 1024;
const why = await whyNoResident();

test('layers go in and out, and slow readers wait, in bounded memory', async ({ skip }) => {
  if (why !== undefined) skip(why);
  await using folder = await tempFolder();
  const sizes = { layer: 256 * MIB, streams: 10, streamLayer: 32 * MIB, readers: 200, readFor: 2000 };
  for await (const { what, memory, bound } of measureMemory(folder.path, sizes)) {
    expect(memory / MIB, `MiB, for ${what}`).toBeLessThan(bound / MIB);
  }
});
