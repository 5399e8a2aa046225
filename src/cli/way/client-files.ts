import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../../config/home-folders.ts';
import { emptyJsonFile, isObject, type JsonFile, type JsonObject, readJsonFile, writeJsonFile } from './json-file.ts';
import { Obstacle } from './obstacle.ts';

/** What `credHelpers` calls our helper: what stands behind `docker-credential-`. */
const HELPER = 'berth';

/**
 * Docker's configuration. Podman, buildah and skopeo read it as well, after files of their own.
 *
 * @throws Obstacle where the environment names no home
 */
export function dockerConfigPath(env: Env): string {
  const named = env['DOCKER_CONFIG'];
  if (named) return join(named, 'config.json');
  if (!env.HOME) throw new Obstacle("There is no place for docker's configuration: set HOME or DOCKER_CONFIG.");
  return join(env.HOME, '.docker', 'config.json');
}

/** Where podman, buildah and skopeo look for passwords first, in that order (containers-auth.json(5)). */
export function containersAuthPaths(env: Env): readonly string[] {
  const named = env['REGISTRY_AUTH_FILE'];
  if (named) return [named];
  const folders = [env['XDG_RUNTIME_DIR'], env['XDG_CONFIG_HOME'] || (env.HOME && join(env.HOME, '.config'))];
  return folders.filter((folder) => !!folder).map((folder) => join(String(folder), 'containers', 'auth.json'));
}

/**
 * The files in which the helper has to stand so that every client finds it: docker's, and those of the others that are there
 * or were named, for they come before it.
 *
 * @throws Obstacle
 */
export function clientFiles(env: Env): readonly JsonFile[] {
  const docker = dockerConfigPath(env);
  const others = containersAuthPaths(env).filter((path) => !!env['REGISTRY_AUTH_FILE'] || existsSync(path));
  return [...new Set([docker, ...others])].map((path) => readJsonFile(path) ?? emptyJsonFile(path));
}

/** Which helper a file names for a host, `undefined` if none. */
export function helperFor({ document }: Pick<JsonFile, 'document'>, host: string): string | undefined {
  const helpers = document['credHelpers'];
  const helper = isObject(helpers) && Object.hasOwn(helpers, host) ? helpers[host] : undefined;
  return typeof helper === 'string' ? helper : undefined;
}

export function namesOurHelper(file: Pick<JsonFile, 'document'>, host: string): boolean {
  return helperFor(file, host) === HELPER;
}

/** The file with our helper for these hosts; `undefined` if it is so already. Throws Obstacle for a file of another form. */
export function withHelper(file: JsonFile, hosts: readonly string[]): JsonObject | undefined {
  if (hosts.every((host) => namesOurHelper(file, host))) return undefined;
  const ours = hosts.map((host) => [host, HELPER] as const);
  return { ...file.document, credHelpers: { ...helpersOf(file), ...Object.fromEntries(ours) } };
}

/** The file without our helper for these hosts; `undefined` if it is so already. Other helpers stay. */
export function withoutHelper(file: JsonFile, hosts: readonly string[]): JsonObject | undefined {
  if (!hosts.some((host) => namesOurHelper(file, host))) return undefined;
  const rest = Object.entries(helpersOf(file)).filter(([host, helper]) => !hosts.includes(host) || helper !== HELPER);
  const { credHelpers: _, ...document } = file.document;
  return rest.length > 0 ? { ...file.document, credHelpers: Object.fromEntries(rest) } : document;
}

/** Writes what is given for each file; none is touched unless all are sound, for reading them came first. */
export function writeClientFiles(changes: readonly (readonly [JsonFile, JsonObject])[]): void {
  for (const [file, document] of changes) writeJsonFile(file, document);
}

function helpersOf({ path, document }: JsonFile): JsonObject {
  const helpers = document['credHelpers'] ?? {};
  if (!isObject(helpers)) throw new Obstacle(`credHelpers in ${path} is not a JSON object: mend it first.`);
  return helpers;
}
