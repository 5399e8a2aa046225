/** Run by durability.test.ts under a watch on system calls: stores one blob, says so, erases it, says so. */
import { openFileSystemStores } from '../../src/blobs/file-system/open-stores.ts';
import { digestOf } from '../../src/model/digest.ts';
import { parseStorageKey } from '../../src/model/ids.ts';

const [root = '', name = ''] = process.argv.slice(2);
const key = parseStorageKey(name);
if (!key) throw new Error('No storage key');
const content = Buffer.from('content');
const { blobs, uploads } = await openFileSystemStores(root);
await uploads.append(key, 0, ReadableStream.from([content]));
for (let attempt = 1; attempt <= 2; attempt++) {
  const outcome = await uploads.commit(key, content.byteLength, digestOf(content)).then(
    () => 'stored',
    (error: Error) => `refused: ${error.message}`,
  );
  process.stdout.write(`${outcome}\n`);
  if (outcome === 'stored') break;
}
for (let attempt = 1; attempt <= 2; attempt++) {
  const failures = await blobs.erase([key]);
  process.stdout.write(failures.size === 0 ? 'erased\n' : `kept: ${failures.get(key)?.message}\n`);
  if (failures.size === 0) break;
}
