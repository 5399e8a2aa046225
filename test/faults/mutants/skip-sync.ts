import { type FileHandle, open } from 'node:fs/promises';

/** Makes `sync` a lie for folders, or for all files that are forced with it: blobs. The log is forced with `datasync`. */
export async function skipSyncOf(what: 'files' | 'folders'): Promise<void> {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const honest = prototype.sync;
  prototype.sync = async function (this: FileHandle): Promise<void> {
    const isFolder = (await this.stat()).isDirectory();
    if (isFolder !== (what === 'folders')) await honest.call(this);
  };
}
