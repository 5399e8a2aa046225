import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Yaml from 'yaml';
import type { Node } from 'yaml';
import { ConfigError } from './config-error.ts';
import { suggestion } from './did-you-mean.ts';
import { CONFIG_VARIABLE } from './environment.ts';
import { absolutePath, configHome, type Env } from './home-folders.ts';
import { SETTING_NAMES, type SettingName } from './settings.ts';
import type { ReadFile } from './sources.ts';

export interface ConfigFile {
  readonly path: string;
  /** Scalars are text, whatever they look like: `account: 000000000000` keeps its zeros. */
  readonly values: ReadonlyMap<SettingName, unknown>;
  /** `path:line` of the value that a setting, or something inside it, has in the file. */
  where(path: readonly PropertyKey[]): string;
  readonly problems: readonly string[];
}

/**
 * The file named by `--config`, else by `BERTH_CONFIG` (both must exist), else `berth.yaml` in the working folder, else
 * in `$XDG_CONFIG_HOME/berth`. YAML, so JSON too. Undefined if there is none.
 *
 * @throws ConfigError
 */
export function readConfigFile(
  from: { readonly flag: string | undefined; readonly env: Env; readonly cwd: string },
  readFile: ReadFile,
): ConfigFile | undefined {
  const named = from.flag ?? (from.env[CONFIG_VARIABLE] || undefined);
  if (named !== undefined) {
    const path = absolutePath(named, from.cwd, from.env);
    const source = from.flag === undefined ? CONFIG_VARIABLE : '--config';
    const text = read(path, readFile);
    if (text === undefined) throw new ConfigError([`${source}: there is no file ${path}`]);
    return parseConfigFile(path, text);
  }
  const home = configHome(from.env);
  for (const folder of home === undefined ? [from.cwd] : [from.cwd, home]) {
    const path = join(folder, 'berth.yaml');
    const text = read(path, readFile);
    if (text !== undefined) return parseConfigFile(path, text);
  }
  return undefined;
}

/** Relative paths in a file are below the file's own folder. */
export function baseOf(file: ConfigFile): string {
  return dirname(file.path);
}

function read(path: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    throw new ConfigError([`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

const require = createRequire(import.meta.url);

/** Loaded when there is a file to read: most servers have none, and start sooner. */
function yaml(): typeof Yaml {
  return require('yaml') as typeof Yaml;
}

/** @throws ConfigError where the text is not a map in YAML */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const { isMap, isScalar, LineCounter, parseDocument, visit } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number) => `${path}:${Math.max(1, lines.linePos(offset).line)}`;
  const [broken] = [...document.errors, ...document.warnings];
  if (broken) throw new ConfigError([`${lineOf(broken.pos[0])}: ${broken.message}`]);

  visit(document, {
    Alias: (_, alias) => {
      throw new ConfigError([`${lineOf(alias.range?.[0] ?? 0)}: aliases (*${alias.source}) are not supported`]);
    },
  });

  const root = document.contents;
  const where = (inside: readonly PropertyKey[]): string => {
    for (let depth = inside.length; depth > 0; depth -= 1) {
      const node = document.getIn(inside.slice(0, depth), true) as Node | undefined;
      if (node?.range) return lineOf(node.range[0]);
    }
    return path;
  };
  if (root === null || isEmpty(root)) return { path, values: new Map(), where, problems: [] };
  if (!isMap(root)) throw new ConfigError([`${lineOf(root.range[0])}: expected a map of settings`]);

  const values = new Map<SettingName, unknown>();
  const problems: string[] = [];
  for (const { key, value } of root.items) {
    const name = isScalar(key) ? String(key.value) : '?';
    const known = SETTING_NAMES.find((setting) => setting === name);
    if (known === undefined) {
      const line = lineOf((key as Node | null)?.range?.[0] ?? 0);
      problems.push(`${line}: unknown key '${name}'${suggestion(name, SETTING_NAMES)}`);
    } else if (value !== null && !isEmpty(value)) {
      values.set(known, plain(value));
    }
  }
  return { path, values, where, problems };
}

/** `key:`, `key: ~` and `key: null` leave a setting unset, as in any YAML. */
function isEmpty(node: unknown): boolean {
  const { isScalar } = yaml();
  return isScalar(node) && node.type === 'PLAIN' && /^(?:|~|null)$/i.test(node.source ?? '');
}

function plain(node: unknown): unknown {
  const { isMap, isScalar, isSeq } = yaml();
  if (isMap(node)) {
    const entries = node.items
      .filter((item) => item.value !== null && !isEmpty(item.value))
      .map((item) => [isScalar(item.key) ? String(item.key.value) : '?', plain(item.value)]);
    return Object.fromEntries(entries);
  }
  if (isSeq(node)) return node.items.map(plain);
  return isScalar(node) ? node.value : undefined;
}
