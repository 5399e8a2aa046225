import type { Command } from 'commander';
import { resolveEndpoint } from '../config/server-access.ts';
import { addressArgument } from './arguments.ts';
import { type CommandContext, wantsJson } from './command-context.ts';
import { clientFiles, withoutHelper, writeClientFiles } from './way/client-files.ts';
import type { JsonFile, JsonObject } from './way/json-file.ts';
import { readLogins, writeLogins } from './way/logins.ts';
import { PasswordCache } from './way/password-cache.ts';
import { namesOf, type RegistryAddress } from './way/registry-address.ts';

/** `berth logout` */
export function addLogout(program: Command, context: CommandContext): void {
  const command = program
    .command('logout')
    .description('Take back what berth login wrote, and forget passwords.')
    .argument('[address]', 'Server to log out from, as image names begin: localhost:4327', addressArgument)
    .option('--endpoint <url>', 'Server, where no address is given (BERTH_ENDPOINT, AWS_ENDPOINT_URL_ECR)')
    .option('--json', 'Print JSON, for programs')
    .addHelpText(
      'after',
      '\nThe server need not answer.\n\nExamples:\n  $ berth logout\n  $ berth logout localhost:4327',
    )
    .action((address: RegistryAddress | undefined) => logOut(command, context, address));
}

function logOut(command: Command, { terminal, sources }: CommandContext, address: RegistryAddress | undefined): void {
  const { env } = sources;
  const endpoint = address?.endpoint ?? resolveEndpoint(command.getOptionValue('endpoint'), env);
  const hosts = namesOf(address?.host ?? new URL(endpoint).host);
  const logins = new Map(readLogins(env));
  const changes = clientFiles(env).flatMap((file): readonly (readonly [JsonFile, JsonObject])[] => {
    const document = withoutHelper(file, hosts);
    return document === undefined ? [] : [[file, document]];
  });
  const cache = new PasswordCache(env);
  for (const known of new Set([endpoint, ...hosts.flatMap((host) => logins.get(host)?.endpoint ?? [])]))
    cache.forget(known);
  const forgotten = hosts.filter((host) => logins.delete(host));
  writeClientFiles(changes);
  if (forgotten.length > 0) writeLogins(env, logins);

  const written = changes.map(([{ path }]) => path);
  if (wantsJson(command)) terminal.out(`${JSON.stringify({ hosts, written })}\n`);
  else if (forgotten.length === 0 && written.length === 0) terminal.out(`Not logged in to ${hosts.join(' or ')}.\n`);
  else terminal.out(`Logged out from ${hosts.join(' and ')}.\n${written.map((path) => `Wrote ${path}\n`).join('')}`);
}
