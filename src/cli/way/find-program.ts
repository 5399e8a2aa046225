import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Env } from '../../config/home-folders.ts';

/**
 * Folders of the `PATH` that a shell has by itself. Those that npm puts in front for what it runs are left out: docker, called
 * from a shell, will not have them.
 */
export function ownFolders(env: Env): readonly string[] {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !/[\\/]node_modules[\\/]\.bin[\\/]?$|[\\/]node-gyp-bin[\\/]?$/.test(folder));
}

/** Where a program is on the `PATH` of a shell; `undefined` if it is not. */
export function findProgram(name: string, env: Env): string | undefined {
  return ownFolders(env)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
