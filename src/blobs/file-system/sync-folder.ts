import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes the folder's entries durable: new names stay, removed names stay away. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
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
