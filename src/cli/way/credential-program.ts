import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Env } from '../../config/home-folders.ts';
import { shellWord } from '../../config/shell-word.ts';
import { findProgram, ownFolders } from './find-program.ts';

export const HELPER_PROGRAM = 'docker-credential-berth';

/** Ours, which came with this program. */
const OWN = fileURLToPath(new URL(`../../../bin/${HELPER_PROGRAM}.js`, import.meta.url));

/** The line that puts the helper where docker finds it: a link, or a script where the shell's Node is not the one we run on. */
export function installLine(env: Env, own = OWN): string {
  // What npx has fetched is gone when npm tidies up.
  if (/[\\/]_npx[\\/]/.test(own)) return 'npm install --global berth';
  const folder = binFolder(env);
  const target = shellWord(join(folder, HELPER_PROGRAM));
  const sudo = isWritable(folder) ? '' : 'sudo ';
  if (isOurNode(findProgram('node', env))) return `${sudo}ln -sf ${shellWord(own)} ${target}`;
  const script = `#!/bin/sh\\nexec "%s" "%s" "$@"\\n`;
  const words = [process.execPath, own].map(shellWord).join(' ');
  return `printf '${script}' ${words} | ${sudo}install -m 755 /dev/stdin ${target}`;
}

/** A folder of the user's own on the `PATH`, else the one that every machine has. */
function binFolder(env: Env): string {
  const own = ['.local/bin', 'bin'].map((folder) => join(env.HOME ?? '/', folder));
  const folders = ownFolders(env);
  return own.find((folder) => folders.includes(folder) && existsSync(folder)) ?? '/usr/local/bin';
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isOurNode(found: string | undefined): boolean {
  return found !== undefined && realpathSync(found) === realpathSync(process.execPath);
}
