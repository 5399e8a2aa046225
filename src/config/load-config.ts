import type { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { baseOf, type ConfigFile, readConfigFile } from './config-file.ts';
import { type Credential, TEST_CREDENTIAL } from './credentials.ts';
import type { Declaration, Profile } from './declaration.ts';
import { suggestion } from './did-you-mean.ts';
import { settingsInEnvironment, unknownVariables } from './environment.ts';
import { absolutePath, type Env } from './home-folders.ts';
import { misplaced } from './misplaced.ts';
import { usesDataFolder } from './places.ts';
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName, type Settings, variableOf } from './settings.ts';
import type { Sources } from './sources.ts';

/** The flags that were given, by setting; `config` names the file. */
export type Flags = Partial<Readonly<Record<SettingName | 'config', string | readonly string[]>>>;

/** Where a setting's value came from: `--port`, `BERTH_PORT`, `/etc/berth.yaml:3` or `default`. */
export type Origins = Readonly<Record<SettingName, string>>;

export interface Resolved {
  readonly settings: Settings;
  readonly origins: Origins;
}

interface Given {
  readonly raw: unknown;
  readonly from: string;
  readonly base: string;
}

/**
 * The settings: flags before `BERTH_…` variables before the config file before defaults. Pure but for `readFile`.
 *
 * @throws ConfigError with every problem found
 */
export function loadConfig(sources: Sources & { readonly flags: Flags }): Settings {
  return resolveConfig(sources).settings;
}

/** As `loadConfig`, with the origin of each value. */
export function resolveConfig({ flags, env, cwd, readFile }: Sources & { readonly flags: Flags }): Resolved {
  const named = typeof flags.config === 'string' ? flags.config : undefined;
  const file = readConfigFile({ flag: named, env, cwd }, readFile);
  const variables = settingsInEnvironment(env);
  const problems = [...unknownVariables(env), ...(file?.problems ?? [])];
  const origins: Partial<Record<SettingName, string>> = {};

  const give = (name: SettingName, profile: Profile): Given => {
    const flag = flags[name];
    if (flag !== undefined) return { raw: flag, from: `--${flagOf(name)}`, base: cwd };
    const variable = variables.get(name);
    if (variable !== undefined) return { raw: variable, from: variableOf(name), base: cwd };
    if (file?.values.has(name)) return { raw: file.values.get(name), from: file.where([name]), base: baseOf(file) };
    const { fallback }: Declaration<unknown> = SETTINGS[name];
    const raw = typeof fallback === 'string' ? fallback : fallback({ env, profile });
    return { raw, from: 'default', base: cwd };
  };

  const resolve = (name: SettingName, profile: Profile): unknown => {
    const given = give(name, profile);
    origins[name] = given.from;
    const declaration: Declaration<unknown> = SETTINGS[name];
    if (given.raw === undefined) return declaration.kind === 'list' || declaration.kind === 'file' ? [] : undefined;
    const raw = declaration.kind === 'path' ? pathOf(given, env) : given.raw;
    const parsed = declaration.value.safeParse(raw);
    if (parsed.success) return parsed.data;
    problems.push(...parsed.error.issues.flatMap((issue) => explain(name, declaration, given, issue, file)));
    return undefined;
  };

  const profile = resolve('profile', 'local') === 'production' ? 'production' : 'local';
  const values = Object.fromEntries(SETTING_NAMES.map((name) => [name, resolve(name, profile)]));
  // Something that was refused may be what the others go with.
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  const settings = values as unknown as Settings;
  problems.push(...misplaced(settings, origins as Origins), ...withoutFolder(settings));
  if (problems.length > 0) throw new ConfigError(problems);
  const { dataDir = '', credentials } = settings;
  return { settings: { ...settings, dataDir, credentials: known(credentials, profile) }, origins: origins as Origins };
}

/** Who keeps nothing in the data folder needs none. */
function withoutFolder(settings: Omit<Settings, 'dataDir'> & { readonly dataDir?: string | undefined }): string[] {
  if (settings.dataDir !== undefined || !usesDataFolder(settings)) return [];
  return [
    `dataDir: no default is to be had (HOME is not set): give --${flagOf('dataDir')} or ${variableOf('dataDir')}`,
  ];
}

/** An empty path would be the working folder; it goes on to be refused instead. */
function pathOf({ raw, base }: Given, env: Env): unknown {
  return typeof raw === 'string' && raw !== '' ? absolutePath(raw, base, env) : undefined;
}

function explain(
  name: SettingName,
  declaration: Declaration<unknown>,
  given: Given,
  issue: z.core.$ZodIssue,
  file: ConfigFile | undefined,
): string[] {
  // A password may be in it: it is pointed at, never repeated.
  if (declaration.kind === 'secret') {
    return [`${name}: what ${given.from} says is not accepted: expected ${declaration.accepts}`];
  }
  // Values of file-only settings are secrets, too.
  if (declaration.kind !== 'file') {
    return [`${name}: ${shown(given.raw)} (from ${given.from}) is not accepted: expected ${declaration.accepts}`];
  }
  const where = file?.where([name, ...issue.path]) ?? given.from;
  const path = issue.path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    name,
  );
  if (issue.code === 'unrecognized_keys') {
    const keys = ['accessKeyId', 'secretAccessKey', 'accountId'] satisfies (keyof Credential)[];
    return issue.keys.map((key) => `${where}: unknown key '${key}' in ${path}${suggestion(key, keys)}`);
  }
  return [`${where}: ${path} is not accepted: expected ${declaration.accepts}`];
}

function shown(raw: unknown): string {
  const text = typeof raw === 'string' ? `'${raw}'` : (JSON.stringify(raw) ?? 'nothing');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function known(credentials: readonly Credential[], profile: Profile): readonly Credential[] {
  const replaced = credentials.some(({ accessKeyId }) => accessKeyId === TEST_CREDENTIAL.accessKeyId);
  return profile === 'local' && !replaced ? [TEST_CREDENTIAL, ...credentials] : credentials;
}
