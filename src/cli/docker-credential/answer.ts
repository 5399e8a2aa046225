import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import type { Sources } from '../../config/sources.ts';
import type { Clock } from '../../model/clock.ts';
import { ServerError } from '../client/server-error.ts';
import { printable } from '../format.ts';
import { Unanswered } from '../way/ask.ts';
import { asksAsWeDo } from '../way/challenge.ts';
import { knownServer } from '../way/known-server.ts';
import { readLogins } from '../way/logins.ts';
import { Obstacle } from '../way/obstacle.ts';
import { PasswordCache } from '../way/password-cache.ts';
import { findPassword } from './find-password.ts';
import { passwordOf } from './given-password.ts';

export interface HelperParts {
  readonly sources: Pick<Sources, 'env' | 'readFile'>;
  readonly clock: Clock;
  readonly version: string;
}

/** What the helper prints on stdout, errors too, and its exit code: so docker's protocol has it. */
export interface HelperAnswer {
  readonly code: number;
  readonly out: string;
}

/** The protocol's own words: docker knows them, and goes on without credentials. */
const NONE = 'credentials not found in native keychain';
const NO_SERVER = 'no credentials server URL';

class Refusal extends Error {}

/** One command of docker's credential helper protocol, with what stood on stdin. Never throws for what users meet. */
export async function answer(command: string | undefined, input: string, parts: HelperParts): Promise<HelperAnswer> {
  try {
    return { code: 0, out: await outputOf(command, input, parts) };
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === undefined) throw error;
    return { code: 1, out: `${sentence}\n` };
  }
}

async function outputOf(command: string | undefined, input: string, parts: HelperParts): Promise<string> {
  switch (command) {
    case 'get':
      return `${JSON.stringify(await get(input.trim(), parts))}\n`;
    case 'store':
      return store(input, parts);
    case 'erase':
      return erase(input.trim(), parts);
    case 'list':
      return `${JSON.stringify(Object.fromEntries([...readLogins(parts.sources.env).keys()].map((host) => [host, 'AWS'])))}\n`;
    case 'version':
    case '--version':
      return `docker-credential-berth ${parts.version}\n`;
    default:
      throw new Refusal(
        "docker-credential-berth is for docker to call: get, store, erase, list or version. See 'berth login --help'.",
      );
  }
}

async function get(server: string, { sources, clock }: HelperParts): Promise<object> {
  if (server === '') throw new Refusal(NO_SERVER);
  const known = knownServer(server, readLogins(sources.env), sources);
  if (known === undefined) throw new Refusal(NONE);
  const { access, named } = known;
  // Another registry on this machine, about which docker asks as well: nothing is signed for it.
  if (!named && !(await asksAsWeDo(access.endpoint))) throw new Refusal(NONE);
  const { username, secret } = await findPassword(access, clock, new PasswordCache(sources.env));
  return { ServerURL: server, Username: username, Secret: secret };
}

const credentials = z.object({ ServerURL: z.string(), Username: z.string(), Secret: z.string() });

/** Keeps what `docker login` was given, as long as it lasts: it goes before what the helper would get by itself. */
function store(input: string, { sources, clock }: HelperParts): string {
  const read = credentials.safeParse(parsed(input));
  if (!read.success || read.data.ServerURL === '') throw new Refusal(NO_SERVER);
  const { ServerURL, Username, Secret } = read.data;
  const known = knownServer(ServerURL, readLogins(sources.env), sources);
  const password = passwordOf(Username, Secret, clock.now());
  if (known === undefined || password === undefined) {
    throw new Refusal(
      'docker-credential-berth keeps passwords of Berth only: give docker another helper for this registry.',
    );
  }
  if (!new PasswordCache(sources.env).keep(known.access.endpoint, 'given', password)) {
    throw new Refusal(
      'The password cannot be kept: ~/.cache/berth must be a folder of this user alone (chmod -R go= ~/.cache/berth).',
    );
  }
  return '';
}

function erase(server: string, { sources }: HelperParts): string {
  if (server === '') throw new Refusal(NO_SERVER);
  const known = knownServer(server, readLogins(sources.env), sources);
  if (known !== undefined) new PasswordCache(sources.env).forget(known.access.endpoint);
  return '';
}

function sentenceOf(error: unknown): string | undefined {
  if (error instanceof Unanswered) return `${error.message}: start one with 'berth serve', or see 'berth doctor'.`;
  if (error instanceof ConfigError) return error.problems.map(printable).join('; ');
  if (error instanceof Refusal || error instanceof ServerError || error instanceof Obstacle) {
    // One line, which is what docker shows.
    return error.message.split('\n').map(printable).join(' ');
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
