import { access } from 'node:fs/promises';

/** Whether there is something at the path. Not being allowed to look is an error, not absence. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
