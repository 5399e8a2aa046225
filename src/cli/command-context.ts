import type { Command } from 'commander';
import { resolveAccess } from '../config/server-access.ts';
import type { Sources } from '../config/sources.ts';
import type { Clock } from '../model/clock.ts';
import { BerthClient } from './client/berth-client.ts';
import type { Terminal } from './terminal.ts';

/** What the commands have around them. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly sources: Sources;
  readonly clock: Clock;
  /** Says what the exit code is to be; 0 unless somebody does. */
  readonly exitWith: (code: number) => void;
}

/** Gives a command the flags that every command has which speaks to a server that runs. */
export function addServerFlags(command: Command): Command {
  return command
    .option(
      '--endpoint <url>',
      'Server to speak to (default: http://127.0.0.1:4327; BERTH_ENDPOINT, AWS_ENDPOINT_URL_ECR)',
    )
    .option(
      '--region <name>',
      'Region to speak for (default: us-east-1; AWS_REGION, AWS_DEFAULT_REGION, ~/.aws/config)',
    )
    .option('--json', 'Print JSON, for programs');
}

/**
 * The client that the command's flags and the environment describe.
 *
 * @throws ConfigError
 */
export function clientOf(command: Command, { sources, clock }: CommandContext): BerthClient {
  const { endpoint, region } = command.opts<{ endpoint?: string; region?: string }>();
  return new BerthClient(resolveAccess({ endpoint, region }, sources), clock);
}

export function wantsJson(command: Command): boolean {
  return command.getOptionValue('json') === true;
}

/** Ends the command as wrongly used: the sentence, a hint at the help, exit code 2. */
export function wrongUsage(command: Command, sentence: string): never {
  return command.error(`error: ${sentence}`, { exitCode: 2, code: 'berth.usage' });
}
