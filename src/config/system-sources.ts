import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Sources } from './sources.ts';

/** The real environment, working folder and disk. The only place in the program that reads `process.env`. */
export function systemSources(): Sources {
  return {
    env: process.env,
    cwd: process.cwd(),
    readFile: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}
