import { isRegion } from '../model/registry.ts';
import { ConfigError } from './config-error.ts';
import { TEST_CREDENTIAL } from './credentials.ts';
import type { Env } from './home-folders.ts';

/** Names the server that the commands speak to. */
export const ENDPOINT_VARIABLE = 'BERTH_ENDPOINT';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4327';
const DEFAULT_REGION = 'us-east-1';

/** How to reach a server that runs, and as whom. */
export interface ServerAccess {
  /** Scheme, host and port: `http://127.0.0.1:4327`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/**
 * Where the server is and what to sign with: flags first, then what the AWS tools of this shell use as well, then what a
 * server in profile `local` has.
 *
 * @throws ConfigError with every problem found
 */
export function resolveAccess(
  flags: { readonly endpoint?: string | undefined; readonly region?: string | undefined },
  env: Env,
): ServerAccess {
  const problems: string[] = [];
  const [endpointFrom, endpoint] = first(
    ['--endpoint', flags.endpoint],
    [ENDPOINT_VARIABLE, env[ENDPOINT_VARIABLE]],
    ['AWS_ENDPOINT_URL_ECR', env['AWS_ENDPOINT_URL_ECR']],
  ) ?? ['default', DEFAULT_ENDPOINT];
  const origin = originOf(endpoint);
  if (origin === undefined) {
    problems.push(
      `endpoint: '${endpoint}' (from ${endpointFrom}) is not accepted: expected http:// or https://, a host and perhaps a port, without a path`,
    );
  }
  const [regionFrom, region] = first(
    ['--region', flags.region],
    ['AWS_REGION', env['AWS_REGION']],
    ['AWS_DEFAULT_REGION', env['AWS_DEFAULT_REGION']],
  ) ?? ['default', DEFAULT_REGION];
  if (!isRegion(region)) {
    problems.push(
      `region: '${region}' (from ${regionFrom}) is not accepted: expected lower-case letters, digits and hyphens, at most 63`,
    );
  }
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (!accessKeyId !== !secretAccessKey) {
    problems.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both, or neither for test/test');
  }
  if (accessKeyId && !/^[A-Za-z0-9._-]{1,128}$/.test(accessKeyId)) {
    problems.push('AWS_ACCESS_KEY_ID is not accepted: expected 1 to 128 letters, digits, dots, hyphens or underscores');
  }
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (sessionToken && !/^[\x21-\x7e]{1,4096}$/.test(sessionToken)) {
    problems.push('AWS_SESSION_TOKEN is not accepted: expected up to 4096 visible ASCII characters');
  }
  if (problems.length > 0 || origin === undefined) throw new ConfigError(problems);
  const keys =
    accessKeyId && secretAccessKey
      ? { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined }
      : { ...TEST_CREDENTIAL, sessionToken: undefined };
  const { accessKeyId: id, secretAccessKey: secret, sessionToken: token } = keys;
  return { endpoint: origin, region, accessKeyId: id, secretAccessKey: secret, sessionToken: token };
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
