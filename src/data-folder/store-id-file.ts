import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../blobs/file-system/sync-folder.ts';
import { exists } from './exists.ts';

/** What names the registry that the blobs of a folder belong to, beside those blobs. One process a folder. */
export class StoreIdFile {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Absent also where there is an empty file: what a crash during the very first start may have left. */
  async read(): Promise<string | undefined> {
    const file = join(this.#folder, 'store-id');
    return (await exists(file)) ? (await readFile(file, 'utf8')).trim() || undefined : undefined;
  }

  /** Writes it unless it is there, whole or not at all: under another name first. */
  async putIfAbsent(id: string): Promise<void> {
    if ((await this.read()) !== undefined) return;
    const draft = join(this.#folder, 'store-id.new');
    {
      await using file = await open(draft, 'w', 0o600);
      await file.writeFile(`${id}\n`);
      await file.sync();
    }
    await rename(draft, join(this.#folder, 'store-id'));
    await syncFolder(this.#folder);
  }
}
