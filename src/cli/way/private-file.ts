import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';

const OTHERS = 0o077;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Writes a file whole or not at all: whoever reads it meanwhile sees what was there or what is there. A file that is there
 * keeps its mode, and a link leads to it still; a new one is for this user only, and so are folders made for it.
 */
export function replaceFile(path: string, text: string): void {
  const target = followed(path);
  mkdirSync(dirname(target), { recursive: true, mode: PRIVATE_FOLDER });
  const mode = (statSync(target, { throwIfNoEntry: false })?.mode ?? PRIVATE_FILE) & 0o777;
  const fresh = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    const file = openSync(fresh, 'wx', PRIVATE_FILE);
    try {
      writeFileSync(file, text);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** The text of a file that is this user's alone; undefined if there is none, or none of that kind. */
export function readPrivateFile(path: string): string | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      const stats = fstatSync(file);
      return stats.isFile() && isOurs(stats) ? readFileSync(file, 'utf8') : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** Makes the folder where there is none, and answers whether it is this user's alone. */
export function holdPrivateFolder(path: string): boolean {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  const stats = lstatSync(path);
  return stats.isDirectory() && isOurs(stats);
}

/** Where a system knows no owners and modes, all files of a user are the user's. */
function isOurs({ uid, mode }: Stats): boolean {
  const user = process.getuid?.();
  return user === undefined || (uid === user && (mode & OTHERS) === 0);
}

function followed(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? realpathSync(path) : path;
}
