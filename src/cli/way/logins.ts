import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configHome, type Env } from '../../config/home-folders.ts';
import { Obstacle } from './obstacle.ts';
import { replaceFile } from './private-file.ts';

/** What `berth login` knew and docker does not: it tells its helper an address and nothing else. */
export interface Login {
  readonly endpoint: string;
  readonly region: string;
  /** The profile of the AWS tools that the keys came from, if one was asked for. */
  readonly profile?: string | undefined;
}

/** By host, as the names of images begin. */
export type Logins = ReadonlyMap<string, Login>;

const shape = z.object({
  logins: z.record(z.string(), z.object({ endpoint: z.string(), region: z.string(), profile: z.string().optional() })),
});

/** @throws Obstacle if there is a file that cannot be read */
export function readLogins(env: Env): Logins {
  const path = pathOf(env);
  const text = path === undefined ? undefined : textOf(path);
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(shape.parse(JSON.parse(text)).logins));
  } catch (cause) {
    throw new Obstacle(`${path} is not as 'berth login' writes it: remove it, and log in again.`, { cause });
  }
}

/** @throws Obstacle if there is no place for it, or none that can be written */
export function writeLogins(env: Env, logins: Logins): void {
  const path = pathOf(env);
  if (path === undefined) throw new Obstacle('There is no place to remember the login: set HOME or XDG_CONFIG_HOME.');
  try {
    replaceFile(path, `${JSON.stringify({ logins: Object.fromEntries(logins) }, undefined, 2)}\n`);
  } catch (error) {
    throw new Obstacle(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pathOf(env: Env): string | undefined {
  const home = configHome(env);
  return home === undefined ? undefined : join(home, 'logins.json');
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Obstacle(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
