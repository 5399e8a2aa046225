/**
 * Run by durability.test.ts under a watch on system calls: stores one blob, says so, erases it, says so. It tries again what
 * fails, unless it is told to stop. The blob has the content of its own, or so many zeros.
 */
import { openFileSystemStores } from '../../src/blobs/file-system/open-stores.ts';
import { digestOf } from '../../src/model/digest.ts';
import { parseStorageKey } from '../../src/model/ids.ts';
import { boundlessRoom } from '../../src/model/room.ts';

const [root = '', name = '', size] = process.argv.slice(2);
const key = parseStorageKey(name);
if (!key) throw new Error('No storage key');
const content = size === undefined ? Buffer.from('content') : Buffer.alloc(Number(size));
let toldToStop = false;
const { blobs, uploads } = await openFileSystemStores(root, {
  room: boundlessRoom,
  onFatal: (error) => {
    toldToStop = true;
    process.stdout.write(`fatal: ${error.message}\n`);
  },
});
const say = (outcome: string) => {
  process.stdout.write(`${outcome}\n`);
  if (toldToStop) process.exit();
};
const begun = { key, length: 0, state: undefined };
await uploads.append(begun, ReadableStream.from([content])).catch((error: Error) => say(`refused: ${error.message}`));
for (let attempt = 1; attempt <= 2; attempt++) {
  const outcome = await uploads.commit({ ...begun, length: content.byteLength }, digestOf(content)).then(
    () => 'stored',
    (error: Error) => `refused: ${error.message}`,
  );
  say(outcome);
  if (outcome === 'stored') break;
}
for (let attempt = 1; attempt <= 2; attempt++) {
  const failures = await blobs.erase([key]);
  say(failures.size === 0 ? 'erased' : `kept: ${failures.get(key)?.message}`);
  if (failures.size === 0) break;
}
