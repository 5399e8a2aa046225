import { ConfigError } from '../../src/config/config-error.ts';
import { type Flags, type Resolved, resolveConfig } from '../../src/config/load-config.ts';

export interface Given {
  readonly flags?: Flags;
  readonly env?: Readonly<Record<string, string>>;
  /** Files by absolute path. `/here` is the working folder, `/home/ann` the home folder. */
  readonly files?: Readonly<Record<string, string>>;
}

export function resolve({ flags = {}, env = {}, files = {} }: Given): Resolved {
  return resolveConfig({
    flags,
    env: { HOME: '/home/ann', ...env },
    cwd: '/here',
    readFile: (path) => files[path],
  });
}

/** The problems of a configuration that must not load. */
export function problems(given: Given): readonly string[] {
  try {
    resolve(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration loaded');
}
