import { isRegion } from '../model/registry.ts';
import { type AccessKeys, accessKeysOf } from './access-keys.ts';
import { readAwsProfile } from './aws-profile.ts';
import { ConfigError } from './config-error.ts';
import type { Env } from './home-folders.ts';
import type { Sources } from './sources.ts';

/** Names the server that the commands speak to. */
export const ENDPOINT_VARIABLE = 'BERTH_ENDPOINT';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4327';
const DEFAULT_REGION = 'us-east-1';

/** How to reach a server that runs, and as whom. */
export interface ServerAccess extends AccessKeys {
  /** Scheme, host and port: `http://127.0.0.1:4327`. */
  readonly endpoint: string;
  readonly region: string;
}

/**
 * Where the server is and what to sign with: flags first, then what the AWS tools of this user take as well (variables,
 * then the profile in their files), then what a server in profile `local` has. Roles and single sign-on are for the AWS
 * tools to turn into keys: docs/adr/0021-the-way-to-berth.md.
 *
 * @throws ConfigError with every problem found
 */
export function resolveAccess(
  flags: { readonly endpoint?: string | undefined; readonly region?: string | undefined },
  { env, readFile }: Pick<Sources, 'env' | 'readFile'>,
): ServerAccess {
  const profile = readAwsProfile(env, readFile);
  const problems: string[] = [...profile.problems];
  const endpoint = readEndpoint(flags.endpoint, env, problems);
  const [regionFrom, region] = first(
    ['--region', flags.region],
    ['AWS_REGION', env['AWS_REGION']],
    ['AWS_DEFAULT_REGION', env['AWS_DEFAULT_REGION']],
    [`profile ${profile.name}`, profile.region],
  ) ?? ['default', DEFAULT_REGION];
  if (!isRegion(region)) {
    problems.push(
      `region: '${region}' (from ${regionFrom}) is not accepted: expected lower-case letters, digits and hyphens, at most 63`,
    );
  }
  const keys = accessKeysOf(env, profile, problems);
  if (problems.length > 0 || endpoint === undefined || keys === undefined) throw new ConfigError(problems);
  return { endpoint, region, ...keys };
}

/**
 * Where the server is, whoever asks.
 *
 * @throws ConfigError
 */
export function resolveEndpoint(flag: string | undefined, env: Env): string {
  const problems: string[] = [];
  const endpoint = readEndpoint(flag, env, problems);
  if (endpoint === undefined) throw new ConfigError(problems);
  return endpoint;
}

function readEndpoint(flag: string | undefined, env: Env, problems: string[]): string | undefined {
  const [endpointFrom, endpoint] = first(
    ['--endpoint', flag],
    [ENDPOINT_VARIABLE, env[ENDPOINT_VARIABLE]],
    ['AWS_ENDPOINT_URL_ECR', env['AWS_ENDPOINT_URL_ECR']],
  ) ?? ['default', DEFAULT_ENDPOINT];
  const origin = originOf(endpoint);
  if (origin === undefined) {
    problems.push(
      `endpoint: '${endpoint}' (from ${endpointFrom}) is not accepted: expected http:// or https://, a host and perhaps a port, without a path`,
    );
  }
  return origin;
}

/** The first that is given. What is set to nothing counts as not set. */
function first(...candidates: readonly (readonly [string, string | undefined])[]): [string, string] | undefined {
  for (const [from, value] of candidates) if (value) return [from, value];
  return undefined;
}

function originOf(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(endpoint);
  const bare = pathname === '/' && search === '' && hash === '' && username === '' && password === '';
  return bare && ['http:', 'https:'].includes(protocol) ? origin : undefined;
}
