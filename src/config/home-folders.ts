import { isAbsolute, join, resolve } from 'node:path';

/** The environment's variables, by name. */
export interface Env {
  readonly HOME?: string | undefined;
  readonly [variable: string]: string | undefined;
}

/** Where a user's data belongs (XDG base directory specification); undefined if the environment names no home. */
export function dataHome(env: Env): string | undefined {
  return within(env, 'XDG_DATA_HOME', '.local/share');
}

/** Where a user's configuration belongs, likewise. */
export function configHome(env: Env): string | undefined {
  return within(env, 'XDG_CONFIG_HOME', '.config');
}

/** Where what can be made again belongs, likewise. */
export function cacheHome(env: Env): string | undefined {
  return within(env, 'XDG_CACHE_HOME', '.cache');
}

/** An absolute path: `~/` is the home folder, anything relative is below `base`. */
export function absolutePath(path: string, base: string, env: Env): string {
  const home = env.HOME;
  if (home && (path === '~' || path.startsWith('~/'))) return resolve(home, path.slice(2));
  return resolve(base, path);
}

/** The specification has a relative value in an `XDG_…` variable ignored. */
function within(env: Env, variable: string, belowHome: string): string | undefined {
  const named = env[variable];
  if (named && isAbsolute(named)) return join(named, 'berth');
  const home = env.HOME;
  return home && isAbsolute(home) ? join(home, belowHome, 'berth') : undefined;
}
