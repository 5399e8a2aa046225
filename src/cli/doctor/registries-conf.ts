import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../../config/home-folders.ts';
import type { ReadFile } from '../../config/sources.ts';

const SYSTEM = '/etc/containers/registries.conf';

/** Where podman, buildah and skopeo may be told of registries by this user (containers-registries.conf.d(5)). */
export function userDropInFolder(env: Env): string {
  return join(env['XDG_CONFIG_HOME'] || join(env.HOME ?? '/', '.config'), 'containers', 'registries.conf.d');
}

/** Whether the files of podman, buildah and skopeo allow plain HTTP for a registry. */
export function isInsecure(host: string, env: Env, readFile: ReadFile): boolean {
  return filesOf(env, readFile).some((text) => insecureIn(text).some((prefix) => matches(host, prefix)));
}

function filesOf(env: Env, readFile: ReadFile): readonly string[] {
  const users = userDropInFolder(env);
  const candidates = [env['CONTAINERS_REGISTRIES_CONF'], users.replace(/\.d$/, ''), SYSTEM];
  // The first that is there is the one; what lies in the folders is added to it.
  const main = candidates.map((path) => (path ? textOf(path, readFile) : undefined)).find((text) => text !== undefined);
  const added = [`${SYSTEM}.d`, users].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => textOf(join(folder, name), readFile)),
  );
  return [main, ...added].filter((text) => text !== undefined);
}

/**
 * The registries that a file allows plain HTTP for: `insecure` in tables `[[registry]]`, and the list of the old form. Of TOML
 * it reads as much as such files have: a table's name, or a key and its value, on each line.
 */
function insecureIn(text: string): readonly string[] {
  const found: string[] = [];
  let table = '';
  let entry: { prefix?: string; location?: string; insecure?: string } = {};
  const close = () => {
    const prefix = entry.prefix ?? entry.location;
    if (table === '[[registry]]' && entry.insecure === 'true' && prefix !== undefined) found.push(prefix);
    entry = {};
  };
  for (const line of text.split(/\r?\n/)) {
    const name = /^\s*(\[{1,2})\s*([A-Za-z.]+)\s*\]/.exec(line);
    if (name !== null) {
      close();
      table = name[1] === '[[' ? `[[${name[2]}]]` : `[${name[2]}]`;
      continue;
    }
    const [, key, value = ''] = /^\s*(prefix|location|insecure|registries)\s*=\s*(.*)$/.exec(line) ?? [];
    const texts = [...value.matchAll(/["']([^"']*)["']/g)].map(([, inside = '']) => inside);
    if (key === 'registries' && table === '[registries.insecure]') found.push(...texts);
    else if (key === 'insecure') entry.insecure = /^(true|false)\b/.exec(value)?.[1] ?? '';
    else if (key === 'prefix' || key === 'location') entry[key] = texts[0] ?? '';
  }
  close();
  return found;
}

function matches(host: string, prefix: string): boolean {
  return prefix.startsWith('*.') ? host.replace(/:\d+$/, '').endsWith(prefix.slice(1)) : host === prefix;
}

function textOf(path: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
