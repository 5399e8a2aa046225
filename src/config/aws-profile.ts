import { dirname } from 'node:path';
import { absolutePath, type Env } from './home-folders.ts';
import type { ReadFile } from './sources.ts';

/** What the AWS tools of this user take from their files, of what the commands can use. */
export interface AwsProfile {
  readonly name: string;
  /** Whether somebody asked for this very profile. */
  readonly named: boolean;
  /** Whether any of the files has it. */
  readonly exists: boolean;
  readonly region: string | undefined;
  readonly keys: ProfileKeys | undefined;
  /** What it takes its keys from instead of having them: `sso_session`, `role_arn` … */
  readonly indirection: string | undefined;
  /** Files that are there and cannot be read, a sentence each. */
  readonly problems: readonly string[];
}

export interface ProfileKeys {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  /** The file they are in. */
  readonly path: string;
}

type Section = ReadonlyMap<string, string>;

const INDIRECTIONS = ['credential_process', 'sso_session', 'sso_start_url', 'role_arn', 'web_identity_token_file'];
const NOTHING: Section = new Map();

/** The profile of `AWS_PROFILE`, else `default`, from `~/.aws/credentials` and `~/.aws/config`. */
export function readAwsProfile(env: Env, readFile: ReadFile): AwsProfile {
  const asked = env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || undefined;
  const name = asked ?? 'default';
  const problems: string[] = [];
  const read = (variable: string, usual: string, section: string) => {
    const path = pathOf(env, variable, usual);
    const found = path === undefined ? undefined : sectionsIn(path, readFile, problems).get(section);
    return { path: path ?? '', found, values: found ?? NOTHING };
  };
  const credentials = read('AWS_SHARED_CREDENTIALS_FILE', 'credentials', name);
  const config = read('AWS_CONFIG_FILE', 'config', name === 'default' ? name : `profile ${name}`);
  const indirection = INDIRECTIONS.find((key) => config.values.has(key) || credentials.values.has(key));
  return {
    name,
    named: asked !== undefined,
    exists: (credentials.found ?? config.found) !== undefined,
    region: config.values.get('region') ?? credentials.values.get('region'),
    // Keys beside a role are those that the role is asked for with, not its own.
    keys: indirection === undefined ? (keysIn(credentials) ?? keysIn(config)) : undefined,
    indirection,
    problems,
  };
}

function keysIn({ path, values }: { readonly path: string; readonly values: Section }): ProfileKeys | undefined {
  const [accessKeyId, secretAccessKey] = [values.get('aws_access_key_id'), values.get('aws_secret_access_key')];
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: values.get('aws_session_token'), path };
}

function pathOf(env: Env, variable: string, usual: string): string | undefined {
  const named = env[variable];
  const path = named || (env.HOME ? `${env.HOME}/.aws/${usual}` : undefined);
  return path === undefined ? undefined : absolutePath(path, env.HOME ?? dirname(path), env);
}

function sectionsIn(path: string, readFile: ReadFile, problems: string[]): ReadonlyMap<string, Section> {
  try {
    return parseSections(readFile(path) ?? '');
  } catch (error) {
    problems.push(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return new Map();
  }
}

/**
 * The sections of a file in AWS's form: `[name]`, below it `key = value`. Indented lines belong to the setting above them
 * and say nothing here, nor does a line that is neither; a section that comes twice is one.
 */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const name = /^\[([^\]]*)\]/.exec(line)?.[1]?.trim().replace(/\s+/g, ' ');
    if (name !== undefined) {
      current = sections.get(name) ?? new Map();
      sections.set(name, current);
      continue;
    }
    const [, key, rest = ''] = /^([A-Za-z0-9_]+)[ \t]*=(.*)$/.exec(line) ?? [];
    const value = rest.replace(/(?:^|[ \t])[#;].*$/, '').trim();
    if (key !== undefined && value !== '') current?.set(key.toLowerCase(), value);
  }
  return sections;
}
