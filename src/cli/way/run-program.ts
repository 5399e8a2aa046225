import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import type { Env } from '../../config/home-folders.ts';
import { ownFolders } from './find-program.ts';

export interface Ran {
  /** `undefined` if it could not be run, or took too long. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const PATIENCE = 15_000;

/** Runs a program as a shell would, that is, without what npm adds to the `PATH`. Never throws. */
export function runProgram(path: string, args: readonly string[], env: Env, input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const around = { ...env, PATH: ownFolders(env).join(delimiter) };
    const options = { env: around, timeout: PATIENCE, killSignal: 'SIGKILL', maxBuffer: 4 * 1024 * 1024 } as const;
    const child = execFile(path, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      resolve({ code, stdout, stderr });
    });
    // A program that does not read what it is told ends its input early, which is its right.
    child.stdin?.on('error', () => {}).end(input);
  });
}
