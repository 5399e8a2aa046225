import type { AwsProfile } from './aws-profile.ts';
import { TEST_CREDENTIAL } from './credentials.ts';
import type { Env } from './home-folders.ts';
import { shellWord } from './shell-word.ts';

/** What to sign with. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** Where the keys came from, for people: `AWS_ACCESS_KEY_ID`, a profile and its file, or that they are built in. */
  readonly keysFrom: string;
  /** The profile that they are of, if somebody asked for it. */
  readonly profile?: string;
}

const BUILT_IN: AccessKeys = {
  accessKeyId: TEST_CREDENTIAL.accessKeyId,
  secretAccessKey: TEST_CREDENTIAL.secretAccessKey,
  sessionToken: undefined,
  keysFrom: 'built in, as no others are set',
};

/** The keys of the environment, else of the profile, else those that every server in profile `local` has. Adds what is wrong to `problems`. */
export function accessKeysOf(env: Env, profile: AwsProfile, problems: string[]): AccessKeys | undefined {
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (accessKeyId || secretAccessKey) {
    const given = { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] };
    return checked(given, 'AWS_ACCESS_KEY_ID', NAMES_IN_ENVIRONMENT, problems);
  }
  const { name, keys, indirection } = profile;
  if (keys !== undefined) {
    const found = checked(keys, `profile ${name} in ${keys.path}`, NAMES_IN_FILES, problems);
    return found && { ...found, ...(profile.named && { profile: name }) };
  }
  if (!profile.named) return BUILT_IN;
  // Who asked for a profile does not want to be somebody else.
  const exported = `eval "$(aws configure export-credentials --profile ${shellWord(name)} --format env)"`;
  problems.push(
    !profile.exists
      ? `AWS_PROFILE: there is no profile '${name}' in the files of the AWS tools: unset AWS_PROFILE, or name one that is there`
      : indirection === undefined
        ? `AWS_PROFILE: the profile '${name}' has no keys: unset AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`
        : `AWS_PROFILE: the profile '${name}' gets its keys by ${indirection}, which is for the AWS tools: ${exported}`,
  );
  return undefined;
}

const NAMES_IN_ENVIRONMENT = { id: 'AWS_ACCESS_KEY_ID', secret: 'AWS_SECRET_ACCESS_KEY', token: 'AWS_SESSION_TOKEN' };
const NAMES_IN_FILES = { id: 'aws_access_key_id', secret: 'aws_secret_access_key', token: 'aws_session_token' };

/** Secrets are pointed at, never repeated. */
function checked(
  given: { readonly [K in 'accessKeyId' | 'secretAccessKey' | 'sessionToken']: string | undefined },
  keysFrom: string,
  names: typeof NAMES_IN_FILES,
  problems: string[],
): AccessKeys | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  const where = names === NAMES_IN_FILES ? ` (${keysFrom})` : '';
  const found: string[] = [];
  if (!accessKeyId || !secretAccessKey) {
    found.push(`${names.id} and ${names.secret} go together: set both, or neither for test/test${where}`);
  }
  if (accessKeyId && !/^[A-Za-z0-9._-]{1,128}$/.test(accessKeyId)) {
    found.push(`${names.id} is not accepted: expected 1 to 128 letters, digits, dots, hyphens or underscores${where}`);
  }
  if (sessionToken && !/^[\x21-\x7e]{1,4096}$/.test(sessionToken)) {
    found.push(`${names.token} is not accepted: expected up to 4096 visible ASCII characters${where}`);
  }
  problems.push(...found);
  if (found.length > 0 || !accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined, keysFrom };
}
