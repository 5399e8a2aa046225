import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder's entries durable: new names stay, removed names stay away. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Creates a folder, and its name in its parent durably. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(path));
}
