import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BlobStore, UploadStore } from '../../../src/blobs/blob-store.ts';
import { openFileSystemStores } from '../../../src/blobs/file-system/open-stores.ts';
import { blobPath } from '../blob-path.ts';
import type { Bytes, KeptBytes } from './bytes.ts';

/** The bytes below a folder. */
export class FileBytes implements Bytes {
  readonly folder: string;
  readonly #within: RegExp;

  /** Of a folder that has other files, too, `within` says which are bytes. */
  constructor(folder: string, within = /^/) {
    this.folder = folder;
    this.#within = within;
  }

  open(): Promise<{ readonly blobs: BlobStore; readonly uploads: UploadStore }> {
    return openFileSystemStores(this.folder);
  }

  async sizes(): Promise<Map<string, number>> {
    return new Map(this.#names().map((name) => [name, statSync(join(this.folder, name)).size]));
  }

  async sizeOf(key: string): Promise<number | undefined> {
    return statSync(blobPath(this.folder, key), { throwIfNoEntry: false })?.size;
  }

  nameOf(key: string): string {
    return blobPath('', key);
  }

  keyOf(name: string): string {
    return name.slice(name.lastIndexOf('/') + 1);
  }

  async read(key: string): Promise<Buffer | undefined> {
    return (await this.sizeOf(key)) === undefined ? undefined : readFileSync(blobPath(this.folder, key));
  }

  async plant(key: string, bytes: Uint8Array, modifiedAt?: number): Promise<void> {
    const path = blobPath(this.folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    if (modifiedAt !== undefined) utimesSync(path, modifiedAt / 1000, modifiedAt / 1000);
  }

  async lose(key: string): Promise<void> {
    rmSync(blobPath(this.folder, key));
  }

  async keep(): Promise<KeptBytes> {
    const kept = new Map(this.#names().map((name) => [name, readFileSync(join(this.folder, name))]));
    return { putBack: async () => this.#putBack(kept) };
  }

  #putBack(kept: ReadonlyMap<string, Buffer>): void {
    for (const name of this.#names()) if (!kept.has(name)) rmSync(join(this.folder, name));
    for (const [name, bytes] of kept) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      if (statSync(path, { throwIfNoEntry: false })?.size !== bytes.byteLength) writeFileSync(path, bytes);
    }
  }

  #names(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .filter((name) => this.#within.test(name))
      .sort();
  }
}

/** The folder of bytes that are files, for a look that only files allow. */
export function folderOf(bytes: Bytes): string | undefined {
  return bytes instanceof FileBytes ? bytes.folder : undefined;
}
