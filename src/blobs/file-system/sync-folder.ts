import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** The system could not make a folder's entries durable. Nobody knows which of them the disk holds. */
export class FolderNotDurable extends Error {
  constructor(path: string, options: ErrorOptions & { readonly cause: unknown }) {
    super(`The entries of ${path} could not be made durable: ${String(options.cause)}`, options);
    this.name = 'FolderNotDurable';
  }
}

/**
 * Makes the folder's entries durable: new names stay, removed names stay away.
 *
 * @throws FolderNotDurable when the system cannot
 */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (cause) {
    throw new FolderNotDurable(path, { cause });
  } finally {
    await folder.close();
  }
}

/** Creates a folder and those above it that are missing, each with its name in its parent durably. */
export async function makeFolder(path: string): Promise<void> {
  const lowest = resolve(path);
  const topmost = (await mkdir(lowest, { recursive: true, mode: 0o700 })) ?? lowest;
  for (let folder = lowest; folder.length >= topmost.length; folder = dirname(folder))
    await syncFolder(dirname(folder));
}
