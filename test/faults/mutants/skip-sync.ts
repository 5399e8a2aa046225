import { type FileHandle, open } from 'node:fs/promises';

/** Makes `sync` a lie for folders, or for everything else. */
export async function skipSyncOf(what: 'files' | 'folders'): Promise<void> {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  for (const name of ['sync', 'datasync'] as const) {
    const honest = prototype[name];
    prototype[name] = async function (this: FileHandle): Promise<void> {
      const isFolder = (await this.stat()).isDirectory();
      if (isFolder !== (what === 'folders')) await honest.call(this);
    };
  }
}
