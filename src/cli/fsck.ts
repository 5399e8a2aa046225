import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Flags, resolveConfig } from '../config/load-config.ts';
import { usesDataFolder } from '../config/places.ts';
import { flagOf, type SettingName, type Settings } from '../config/settings.ts';
import type { CheckOptions, checkStore } from '../registry/fsck/check-store.ts';
import type { Checked, Finding } from '../registry/fsck/finding.ts';
import type { BerthClient } from './client/berth-client.ts';
import { cutShort } from './client/server-error.ts';
import { addServerFlags, type CommandContext, clientOf, wantsJson, wrongUsage } from './command-context.ts';
import { addSettingFlags, flagsOf } from './flags.ts';
import { counted, printable } from './format.ts';
import { Interruption } from './interruption.ts';

type Options = Required<Pick<CheckOptions, 'deep' | 'repair' | 'force'>>;
/** Where the stores are, for who checks them without a server. */
const PLACES: readonly SettingName[] = ['dataDir', 'database', 'blobs', 's3Endpoint', 's3Region', 's3PathStyle'];

type Check = ReturnType<typeof checkStore>;

/**
 * Checks the stores of these settings without a server.
 *
 * @throws StartupRefusal where they cannot be opened, as when a server holds their folder, or there is nothing in them
 */
export type CheckStores = (settings: Settings, options: Options) => Check;

/** A finding as the server sends it and `--json` prints it: what it is about has stepped aside for the kind of the line. */
type Line =
  | ({ readonly kind: 'finding'; readonly problem: string } & Omit<Finding, 'kind'>)
  | ({ readonly kind: 'total' } & Checked);

/** `berth fsck` */
export function addFsck(program: Command, context: CommandContext, checkStores: CheckStores): void {
  const command = program
    .command('fsck')
    .description('Hold the metadata and the bytes on disk against each other.')
    .option('--deep', 'Read every byte and compare its digest')
    .option('--repair', 'Mend what can be mended without losing anything')
    .option(
      '--force',
      'Repair what looks like a folder of the wrong database, too: bytes that nothing knows become trash even if they are most',
    );
  addSettingFlags(addServerFlags(command), PLACES)
    .addHelpText(
      'after',
      `
Asks a server, unless flags say where the stores are: then the command opens them itself. A data folder must not be in use by a
server meanwhile; a database server and a bucket may be. What flags leave out is as for berth serve.

Exit code 0: nothing was found; 1: something was, mended or not. With --json every finding is a line.

Examples:
  $ berth fsck
  $ berth fsck --deep --repair
  $ berth fsck --data-dir /var/lib/berth
  $ berth fsck --database postgres://berth@db.example.com/berth --blobs s3://images`,
    )
    .action(async () => {
      const {
        deep = false,
        repair = false,
        force = false,
        endpoint,
      } = command.opts<Partial<Options> & { endpoint?: string }>();
      const places = flagsOf(command, PLACES);
      const asksServer = Object.keys(places).length === 0;
      const options = { deep, repair, force };
      if (force && !repair) wrongUsage(command, '--force goes with --repair');
      if (!asksServer && endpoint !== undefined) {
        const [name = 'config'] = Object.keys(places) as (SettingName | 'config')[];
        const flag = name === 'config' ? name : flagOf(name);
        wrongUsage(
          command,
          `--${flag} is for stores that the command opens, --endpoint asks a server: use one of them`,
        );
      }
      const how = { json: wantsJson(command), repair };
      const total = asksServer
        ? await askServer(clientOf(command, context), options, context, how)
        : await follow(linesOf(checkStores(settingsFor(command, context, places), options)), context, how);
      context.exitWith(typeof total === 'number' ? total : total.findings > 0 ? 1 : 0);
    });
}

/** What the server's check comes to, or the exit code if somebody interrupted. */
async function askServer(
  client: BerthClient,
  options: Options,
  context: CommandContext,
  how: { readonly json: boolean; readonly repair: boolean },
): Promise<Checked | number> {
  using interruption = new Interruption(context.terminal);
  try {
    return await follow(client.lines<Line>('fsck', options, interruption.signal), context, how);
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    return interruption.exitCode;
  }
}

/** The settings that a server of these stores would have. Opening makes a folder that is not there, so it must be. */
function settingsFor(command: Command, { sources }: CommandContext, flags: Flags): Settings {
  const { settings } = resolveConfig({ ...sources, flags });
  const { dataDir, database } = settings;
  const file = database.kind === 'sqlite' ? 'berth.db' : 'store-id';
  if (usesDataFolder(settings) && !existsSync(join(dataDir, file))) {
    wrongUsage(command, `there is no data folder at ${dataDir}: it would have a file ${file}`);
  }
  return settings;
}

async function* linesOf(check: Check): AsyncGenerator<Line, void> {
  let step = await check.next();
  for (; !step.done; step = await check.next()) {
    const { kind: problem, ...finding } = step.value;
    yield { kind: 'finding', problem, ...finding };
  }
  yield { kind: 'total', ...step.value };
}

async function follow(
  lines: AsyncGenerator<Line, void>,
  { terminal }: CommandContext,
  { json, repair }: { readonly json: boolean; readonly repair: boolean },
): Promise<Checked> {
  for await (const line of lines) {
    if (json) terminal.out(`${JSON.stringify(line)}\n`);
    else terminal.out(line.kind === 'total' ? totalShown(line, repair) : findingShown(line));
    if (line.kind === 'total') return line;
  }
  throw cutShort('the server');
}

function findingShown({ problem, subject, detail, repaired }: Line & { kind: 'finding' }): string {
  return `${printable(problem)}  ${printable(subject)}  ${printable(detail)}${repaired ? '  (mended)' : ''}\n`;
}

function totalShown({ checked, findings, repaired }: Checked, repair: boolean): string {
  const counts = Object.entries(checked).map(([name, count]) => `${printable(name)} ${String(count)}`);
  const looked = `Checked: ${counts.join(', ')}.\n`;
  if (findings === 0) return `${looked}Nothing was found.\n`;
  const hint = repair ? '' : ' --repair mends what can be mended.';
  return `${looked}${counted(findings, 'finding')}, ${repaired} mended.${hint}\n`;
}
