import { expect } from 'vitest';
import type { Client, Outcome, RunOptions } from './client.ts';
import type { Setup } from './setup.ts';

export interface CommandOptions extends RunOptions {
  /** What docs/clients.md says instead of the command; nothing if empty. */
  readonly shown?: string;
}

/** What a step has: the client, the server, and the eyes of both. */
export interface Stage extends Pick<Setup, 'host' | 'password' | 'ecr' | 'servedDuring' | 'berth'> {
  readonly setup: Setup;
  /** The environment that the client runs in. */
  readonly env: Readonly<Record<string, string>>;
  /** A path below the folder of this test. */
  path(name: string): string;
  /** Runs the client in that folder, expects that it succeeds, and answers what it prints. */
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Runs the client to whatever end. docs/clients.md does not show it. */
  attempt(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Tells docs/clients.md of something that was done otherwise than by a command. */
  show(command: string): void;
}

export interface StageParts {
  readonly setup: Setup;
  readonly client: Client;
  /** As a person calls it. */
  readonly command: string;
  /** Added to the environment of every client. */
  readonly env: Readonly<Record<string, string>>;
  readonly show: (command: string) => void;
}

export function makeStage({ setup, client, command, show, ...parts }: StageParts): Stage {
  const { host, password, ecr, servedDuring, berth, folder } = setup;
  const env = { ...setup.env, ...parts.env };
  const tell = (line: string) => show(asAnywhere(line, setup));
  const attempt = (args: readonly string[], options: RunOptions = {}) =>
    client.run(args, { cwd: folder.path, ...options, env: { ...env, ...options.env } });
  return {
    setup,
    host,
    password,
    ecr,
    servedDuring,
    berth,
    path: (name) => `${folder.path}/${name}`,
    env,
    attempt,
    show: tell,
    async run(args, { shown, ...options } = {}) {
      const outcome = await attempt(args, options);
      expect(outcome, `${command} ${args.join(' ')}: ${outcome.stderr}`).toMatchObject({ code: 0 });
      tell(shown ?? spell([command, ...args]));
      return outcome.stdout;
    },
  };
}

/** As somebody would type it. */
function spell(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');
}

/** On another day and another machine. */
function asAnywhere(command: string, { host, folder }: Setup): string {
  return command
    .replaceAll(`${folder.path}/`, '')
    .replaceAll(host, 'localhost:4327')
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:…');
}
