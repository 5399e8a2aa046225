import type { Command } from 'commander';
import { resolveAccess, type ServerAccess } from '../config/server-access.ts';
import { addressArgument } from './arguments.ts';
import { ServerError } from './client/server-error.ts';
import { addServerFlags, type CommandContext, wantsJson } from './command-context.ts';
import { containersCheck } from './doctor/containers-check.ts';
import { Unanswered } from './way/ask.ts';
import { askWithPassword, fetchPassword } from './way/call-ecr.ts';
import { clientFiles, helperFor, withHelper, writeClientFiles } from './way/client-files.ts';
import { HELPER_PROGRAM, installLine } from './way/credential-program.ts';
import { findProgram } from './way/find-program.ts';
import type { JsonFile, JsonObject } from './way/json-file.ts';
import { readLogins, writeLogins } from './way/logins.ts';
import { Obstacle } from './way/obstacle.ts';
import { PasswordCache } from './way/password-cache.ts';
import { namesOf, type RegistryAddress } from './way/registry-address.ts';

interface Change {
  readonly file: JsonFile;
  readonly document: JsonObject;
}

/** `berth login` */
export function addLogin(program: Command, context: CommandContext): void {
  const command = program
    .command('login')
    .description('Have docker, podman and skopeo log in to a server by themselves.')
    .argument('[address]', 'Server to log in to, as image names begin: localhost:4327', addressArgument)
    .option('--dry-run', 'Try the way and show what would be written; write nothing');
  addServerFlags(command)
    .addHelpText(
      'after',
      `
The server is asked for a password first; if it gives one, docker-credential-berth is written into docker's config.json
and into those files of podman, buildah and skopeo that are there. From then on they have a password whenever they need one:
nothing ends after twelve hours. The region, and the profile of AWS_PROFILE if the keys are its, are remembered with the address;
other keys are those that the AWS tools of the shell have at the time.

Examples:
  $ berth login
  $ berth login localhost:4327 --region eu-west-1
  $ AWS_PROFILE=team berth login https://registry.example.com`,
    )
    .action(async (address: RegistryAddress | undefined) => logIn(command, context, address));
}

async function logIn(command: Command, context: CommandContext, address: RegistryAddress | undefined): Promise<void> {
  const { terminal, sources } = context;
  const access = accessOf(command, context, address);
  const hosts = namesOf(address?.host ?? new URL(access.endpoint).host);
  const [host = ''] = hosts;

  // Nothing is touched before the whole way was gone.
  const files = clientFiles(sources.env);
  const logins = new Map(readLogins(sources.env));
  const changes = files.flatMap((file): readonly Change[] => {
    const document = withHelper(file, hosts);
    return document === undefined ? [] : [{ file, document }];
  });
  await tryWay(access, context);
  if (findProgram(HELPER_PROGRAM, sources.env) === undefined) {
    throw new Obstacle(
      `Nothing was changed: docker would not find ${HELPER_PROGRAM}, which is not on the PATH. Put it there, and log in again:\n${installLine(sources.env)}`,
    );
  }

  const dryRun = command.getOptionValue('dryRun') === true;
  if (!dryRun) {
    // What somebody logged in with by hand would go before the keys of this login.
    new PasswordCache(sources.env).forget(access.endpoint);
    const { endpoint, region, profile } = access;
    for (const name of hosts) {
      logins.set(name, { endpoint, region, profile });
    }
    writeLogins(sources.env, logins);
    writeClientFiles(changes.map(({ file, document }) => [file, document]));
  }
  if (wantsJson(command)) {
    const { endpoint, region, accessKeyId } = access;
    const written = changes.map(({ file }) => file.path);
    terminal.out(`${JSON.stringify({ hosts, endpoint, region, accessKeyId, written, dryRun })}\n`);
    return;
  }
  terminal.out(`${dryRun ? 'Would log in to' : 'Logged in to'} ${hosts.join(' and ')}.\n`);
  terminal.out(`Region ${access.region}; access key ${access.accessKeyId} (${access.keysFrom}).\n`);
  for (const { file } of changes)
    terminal.out(`${dryRun ? 'Would write' : 'Wrote'} ${file.path}${instead(file, hosts)}\n`);
  if (changes.length === 0) terminal.out("The clients' files name the helper already.\n");
  terminal.out(`\nNext: docker push ${host}/REPOSITORY:TAG\n`);
  // Docker speaks plain HTTP to this machine by itself; the others do not, and say so in words that do not help.
  const { state, says, mend } = containersCheck({ endpoint: access.endpoint, hosts, sources });
  if (state === 'problem') terminal.out(`\n${says}. Once:\n${mend}\n`);
}

function instead(file: JsonFile, hosts: readonly string[]): string {
  const others = new Set(hosts.map((host) => helperFor(file, host)).filter((helper) => !!helper && helper !== 'berth'));
  return others.size > 0 ? ` (instead of the helper ${[...others].join(', ')})` : '';
}

/** The server that the argument, the flags and the environment mean. */
export function accessOf(
  command: Command,
  { sources }: CommandContext,
  address: RegistryAddress | undefined,
): ServerAccess {
  const { endpoint, region } = command.opts<{ endpoint?: string; region?: string }>();
  return resolveAccess({ endpoint: address?.endpoint ?? endpoint, region }, sources);
}

async function tryWay(access: ServerAccess, { clock }: CommandContext): Promise<void> {
  try {
    const password = await fetchPassword(access, clock);
    const { status } = await askWithPassword(access.endpoint, password, '/v2/');
    if (status !== 200) {
      throw new ServerError(
        `${access.endpoint} gave a password and does not take it at /v2/ (HTTP ${status}): see 'berth doctor'.`,
      );
    }
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    throw new Obstacle(
      `${error.message}: start one with 'berth serve', name another address, or ask 'berth doctor'. Nothing was changed.`,
      { cause: error },
    );
  }
}
