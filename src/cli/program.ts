import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { resolveConfig } from '../config/load-config.ts';
import type { Sources } from '../config/sources.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import { systemSources } from '../config/system-sources.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import { ImportRefused } from '../registry/import/import-refused.ts';
import { ServerError } from './client/server-error.ts';
import type { CommandContext } from './command-context.ts';
import { configShow } from './config-show.ts';
import { addDoctor } from './doctor.ts';
import { addSettingFlags, flagsOf } from './flags.ts';
import { printable } from './format.ts';
import { addFsck, type CheckStores } from './fsck.ts';
import { addGc } from './gc.ts';
import { addImagesDelete } from './images/delete.ts';
import { addImport, type ImportStore } from './import.ts';
import { addLogin } from './login.ts';
import { addLogout } from './logout.ts';
import { addMigrate, type Migrations } from './migrate.ts';
import { addRestore } from './restore.ts';
import type { Start } from './running-server.ts';
import { serve } from './serve.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { addUsage } from './usage.ts';
import { packageVersion } from './version.ts';
import { Unanswered } from './way/ask.ts';
import { Obstacle } from './way/obstacle.ts';

export interface ProgramParts {
  readonly start: Start;
  readonly checkStores: CheckStores;
  readonly migrations: Migrations;
  readonly importStore: ImportStore;
  /** Dates the signatures of the commands that speak to a server. */
  readonly clock?: Clock;
  readonly sources?: Sources;
  readonly terminal?: Terminal;
}

/**
 * The `berth` command. `argv` is what the user typed after `berth`. Answers the exit code and never throws:
 * 0 done, 1 failed, 2 wrong usage or configuration.
 */
export async function runProgram(
  argv: readonly string[],
  {
    start,
    checkStores,
    migrations,
    importStore,
    clock = systemClock,
    sources = systemSources(),
    terminal = processTerminal(),
  }: ProgramParts,
): Promise<number> {
  const version = packageVersion();
  let code = 0;
  const program = new Command('berth')
    .description('Amazon ECR that you can run anywhere.')
    .version(version, '--version')
    .helpOption('-h, --help')
    .showSuggestionAfterError(true)
    .showHelpAfterError('(--help says what there is)')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();

  const serving = program.command('serve').description('Serve the ECR API and the registry until stopped.');
  addSettingFlags(serving).action(async () => {
    const { settings } = resolveConfig({ ...sources, flags: flagsOf(serving) });
    code = await serve(settings, start, terminal, version);
  });

  const config = program.command('config').description('Look at the configuration.');
  const show = config.command('show').description('Print each setting, its value and where that came from.');
  addSettingFlags(show).action(() => {
    terminal.out(configShow(resolveConfig({ ...sources, flags: flagsOf(show) })));
  });

  const context: CommandContext = {
    terminal,
    sources,
    clock,
    exitWith: (wanted) => {
      code = wanted;
    },
  };
  addLogin(program, context);
  addLogout(program, context);
  addDoctor(program, context);
  addUsage(program, context);
  addImagesDelete(program.command('images').description('Work on the images of a repository.'), context);
  addRestore(program, context);
  addGc(program, context);
  addFsck(program, context, checkStores);
  addMigrate(program, context, migrations);
  addImport(program, context, importStore);

  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, terminal);
  }
}

function report(error: unknown, terminal: Terminal): number {
  // Commander has printed its own errors by now; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    terminal.err(error.problems.map((problem) => `error: ${problem}\n`).join(''));
    return 2;
  }
  if (error instanceof ServerError || error instanceof Obstacle || error instanceof Unanswered) {
    terminal.err(`error: ${error.message.split('\n').map(printable).join('\n')}\n`);
    return 1;
  }
  if (error instanceof StartupRefusal || error instanceof ImportRefused) {
    terminal.err(`error: ${error.message}\n`);
    return 1;
  }
  terminal.err(`unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
