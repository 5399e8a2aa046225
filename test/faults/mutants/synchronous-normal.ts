import { type FileHandle, open } from 'node:fs/promises';

/** SQLite does not force a commit to the disk, and Berth, which does, is told that it has. */
const handle = await open('/dev/null');
const prototype = Object.getPrototypeOf(handle) as FileHandle;
await handle.close();
prototype.datasync = async () => {};
