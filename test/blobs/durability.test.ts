import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { randomIds } from '../../src/model/ids.ts';
import { systemCallsOf, whyNoSystemCalls } from '../support/system-calls.ts';
import { filesIn, tempFolder } from '../support/temp-folder.ts';

const SCRIPT = join(import.meta.dirname, 'store-and-erase.ts');
const CHANGES = ['mkdir', 'mkdirat', 'fsync', 'fdatasync', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat'];

const reason = whyNoSystemCalls();
if (reason) console.log(`Skipped: what the file system is asked for, because ${reason}`);

describe.skipIf(reason !== undefined)('What the file system is asked for', () => {
  test('makes bytes, their name and their folder durable before a blob counts as stored, and their end before it counts as erased', async () => {
    await using folder = await tempFolder();
    const root = join(folder.path, 'parent', 'root');
    const key = randomIds().storageKey();
    const calls = [...CHANGES, 'write'];
    const watch = await systemCallsOf({ calls, script: SCRIPT, parameters: [root, key] });
    const names = new Map([
      [folder.path, 'top'],
      [join(root, '..'), 'parent'],
      [root, 'root'],
      [`${root}/uploads`, 'uploads'],
      [`${root}/blobs`, 'blobs'],
      [`${root}/blobs/${key.slice(-2)}`, 'shard'],
      [`${root}/blobs/${key.slice(-2)}/${key}`, 'blob'],
      [`${root}/uploads/${key}`, 'upload'],
    ]);
    const events = watch.calls.flatMap((call) => eventOf(call, names));
    // The folders of an erasure are made durable side by side, in any order.
    expect([...events.slice(0, -3), ...events.slice(-3, -1).sort(), ...events.slice(-1)]).toEqual([
      ...['mkdir parent', 'mkdir root', 'mkdir blobs', 'fsync root', 'fsync parent', 'fsync top'],
      ...['mkdir uploads', 'fsync root'],
      ...['fsync upload', 'mkdir shard', 'fsync blobs', 'rename upload blob', 'fsync shard', 'say stored'],
      ...['unlink blob', 'fsync shard', 'fsync uploads', 'say erased'],
    ]);
  });

  test('is not asked for twice when making bytes durable has failed: the upload is gone, and nothing was stored', async () => {
    await using folder = await tempFolder();
    const key = randomIds().storageKey();
    const upload = join(folder.path, 'uploads', key);
    const watch = await systemCallsOf({
      calls: ['fsync'],
      script: SCRIPT,
      parameters: [folder.path, key],
      failing: { call: 'fsync', error: 'EIO', path: upload },
    });
    expect(watch.calls.filter((call) => call.startsWith('fsync'))).toHaveLength(1);
    expect(watch.stdout.split('\n')).toEqual([
      expect.stringMatching(/^refused: EIO/),
      expect.stringMatching(/^refused: The store has no bytes/),
      'erased',
      '',
    ]);
    expect(await filesIn(folder.path)).toEqual(new Map());
  });

  test('is not asked for twice when making bytes durable fails while they come: the upload is gone', async () => {
    await using folder = await tempFolder();
    const key = randomIds().storageKey();
    const watch = await systemCallsOf({
      calls: ['fsync', 'fdatasync'],
      script: SCRIPT,
      parameters: [folder.path, key, '20000000'],
      failing: { call: 'fdatasync', error: 'EIO', path: join(folder.path, 'uploads', key) },
    });
    expect(watch.calls.filter((call) => /^f(data)?sync/.test(call))).toHaveLength(1);
    expect(watch.stdout.split('\n')).toEqual([
      expect.stringMatching(/^refused: EIO/),
      ...Array(2).fill(expect.stringMatching(/^refused: The store has no bytes/)),
      'erased',
      '',
    ]);
    expect(await filesIn(folder.path)).toEqual(new Map());
  });

  test('is not asked for twice when making the end of bytes durable has failed: they do not count as erased, and the process is told to stop', async () => {
    await using folder = await tempFolder();
    const key = randomIds().storageKey();
    const watch = await systemCallsOf({
      calls: ['fsync'],
      script: SCRIPT,
      parameters: [folder.path, key],
      failing: { call: 'fsync', error: 'EIO', path: join(folder.path, 'uploads') },
    });
    expect(watch.calls.filter((call) => call.includes('INJECTED'))).toHaveLength(1);
    expect(watch.stdout.split('\n')).toEqual([
      'stored',
      expect.stringMatching(/^fatal: .*uploads could not be made durable.*EIO/),
      expect.stringMatching(/^kept: .*EIO/),
      '',
    ]);
  });

  test('is not asked for twice when making the name of a blob durable has failed: it was not stored, and the process is told to stop', async () => {
    await using folder = await tempFolder();
    const key = randomIds().storageKey();
    const shard = join(folder.path, 'blobs', key.slice(-2));
    const watch = await systemCallsOf({
      calls: ['fsync'],
      script: SCRIPT,
      parameters: [folder.path, key],
      failing: { call: 'fsync', error: 'EIO', path: shard },
    });
    expect(watch.calls.filter((call) => call.includes('INJECTED'))).toHaveLength(1);
    expect(watch.stdout.split('\n')).toEqual([
      expect.stringMatching(/^fatal: .*EIO/),
      expect.stringMatching(/^refused: .*EIO/),
      '',
    ]);
  });
});

/** A successful change as a verb and the names of what it touched; anything else as nothing. */
function eventOf(call: string, names: ReadonlyMap<string, string>): string[] {
  const said = /^write\(1<[^>]*>, "(.*)\\n"/.exec(call)?.[1];
  if (said) return [`say ${said}`];
  const verb = /^(mkdir|fsync|fdatasync|rename|unlink).*= 0$/.exec(call)?.[1];
  const touched = [...call.matchAll(/[<"](\/[^>"]*)[>"]/g)].flatMap(([, path = '']) => names.get(path) ?? []);
  return verb && touched.length > 0 ? [`${verb.replace('fdata', 'f')} ${touched.join(' ')}`] : [];
}
