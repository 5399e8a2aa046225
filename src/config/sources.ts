import type { Env } from './home-folders.ts';

/** The text of a file, or undefined if there is none. Any other trouble is thrown. */
export type ReadFile = (path: string) => string | undefined;

/** Everything outside the program that a configuration is made of. */
export interface Sources {
  readonly env: Env;
  readonly cwd: string;
  readonly readFile: ReadFile;
}
