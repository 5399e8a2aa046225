import { type Command, Option } from 'commander';
import { resolveConfig } from '../config/load-config.ts';
import { usesDataFolder } from '../config/places.ts';
import type { SettingName, Settings } from '../config/settings.ts';
import type { ImportStep, ImportTotal } from '../registry/import/import-store.ts';
import { type CommandContext, wantsJson, wrongUsage } from './command-context.ts';
import { addSettingFlags, flagsOf } from './flags.ts';
import { ImportProgress, importShown } from './import/follow-import.ts';
import { NoSource, type SourceOptions, sourceSettings } from './import/source.ts';
import { Interruption } from './interruption.ts';

/**
 * Copies the store of the first settings into that of the second. `onStep` hears how far it has come; what it throws breaks the
 * import off.
 *
 * @throws StartupRefusal, ImportRefused
 */
export type ImportStore = (from: Settings, to: Settings, onStep: (step: ImportStep) => void) => Promise<ImportTotal>;

/** What says where the target is, and how to get there. */
const TARGET = [
  'dataDir',
  'database',
  'databasePool',
  'databaseTimeout',
  'blobs',
  's3Endpoint',
  's3Region',
  's3PathStyle',
  's3Sse',
  's3KmsKey',
] as const satisfies readonly SettingName[];

/** `berth import` */
export function addImport(program: Command, context: CommandContext, importStore: ImportStore): void {
  const command = program
    .command('import')
    .description('Copy a whole store, every registry in it, into an empty one: bytes, rows and keys.')
    .addOption(
      new Option('--from <place>', 'Source: a data folder; or a database and a bucket, or a folder, --from each')
        .argParser<string[]>((place, earlier = []) => [...earlier, place])
        .makeOptionMandatory(),
    )
    .option('--from-s3-endpoint <url>', "Server that has the source's bucket (default: Amazon's)")
    .option('--from-s3-region <name>', "Region of the source's bucket")
    .option('--from-s3-path-style', "Name the source's bucket in the path");
  addSettingFlags(command, TARGET)
    .option('--json', 'Print JSON, for programs')
    .addHelpText(
      'after',
      `
The target is what 'berth serve' with the same flags would serve. Nobody may serve it until the import has ended, which takes
one command, however often it is interrupted: run it again, and it goes on. The source is only read; a data folder must not be in
use. What is pushed to a source that is in use after the import has begun is not in it, and what is deleted there meanwhile may
break the import off, so that it has to be run again. Uploads under way and what waits to be erased stay behind.
Exit code 0: the two are the same; 1: they are not, or bytes were missing in the source already.

Examples:
  $ berth import --from /var/lib/berth --database postgres://berth@db/berth --blobs s3://images/berth
  $ berth import --from postgres://berth@db/berth --from s3://images/berth --data-dir /var/lib/berth`,
    )
    .action(async () => context.exitWith(await run(command, context, importStore)));
}

async function run(command: Command, context: CommandContext, importStore: ImportStore): Promise<number> {
  const { terminal, sources, clock } = context;
  const from = sourceOf(command, context);
  const { settings: to } = resolveConfig({ ...sources, flags: flagsOf(command) });
  if (usesDataFolder(from) && usesDataFolder(to) && from.dataDir === to.dataDir) {
    wrongUsage(command, `${to.dataDir} is the source: name a target with --database and --blobs, or --data-dir`);
  }
  using interruption = new Interruption(terminal);
  const progress = new ImportProgress(terminal, clock);
  const json = wantsJson(command);
  try {
    const total = await importStore(from, to, (step) => {
      interruption.signal.throwIfAborted();
      progress.hear(step);
      if (json && step.kind === 'finding') terminal.out(`${JSON.stringify(step)}\n`);
    });
    progress.end();
    terminal.out(json ? `${JSON.stringify({ kind: 'total', ...total })}\n` : importShown(total));
    return total.findings > 0 ? 1 : 0;
  } catch (error) {
    progress.end();
    if (interruption.exitCode === undefined) throw error;
    terminal.err('Stopped. Run the same command again to go on.\n');
    return interruption.exitCode;
  }
}

function sourceOf(command: Command, { sources }: CommandContext): Settings {
  try {
    return sourceSettings(command.opts<SourceOptions>(), sources);
  } catch (error) {
    if (error instanceof NoSource) wrongUsage(command, error.message);
    throw error;
  }
}
