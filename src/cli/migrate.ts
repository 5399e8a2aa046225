import type { Command } from 'commander';
import { resolveConfig } from '../config/load-config.ts';
import { type DatabasePlace, showDatabase } from '../config/places.ts';
import type { SettingName } from '../config/settings.ts';
import { type CommandContext, wantsJson } from './command-context.ts';
import { addSettingFlags, flagsOf } from './flags.ts';
import { formatTable } from './format.ts';

/** One change of the tables. */
export interface Step {
  readonly version: number;
  readonly name: string;
  /** What it does. */
  readonly note: string;
  /** Whether processes of the version before may go on meanwhile and after. */
  readonly online: boolean;
}

export interface Plan {
  readonly current: number;
  readonly target: number;
  readonly pending: readonly Step[];
}

/** Changes the tables of a database server. Both throw StartupRefusal where it cannot be reached or is of a newer version. */
export interface Migrations {
  readonly plan: (url: string) => Promise<Plan>;
  readonly apply: (url: string, onStep: (step: Step) => void) => Promise<Plan>;
}

const FLAGS: readonly SettingName[] = ['database'];

/** `berth migrate` */
export function addMigrate(program: Command, context: CommandContext, migrations: Migrations): void {
  const command = program
    .command('migrate')
    .description('Bring the tables of a PostgreSQL database up to date with this version of Berth.')
    .option('--plan', 'Only say what there is to do')
    .option('--json', 'Print JSON, for programs');
  addSettingFlags(command, FLAGS)
    .addHelpText(
      'after',
      `
Goes forward only, and may be run again or by several at once. With --plan, exit code 1 says that there is something to do.

Examples:
  $ berth migrate --plan --database postgres://berth@db.example.com/berth
  $ BERTH_DATABASE=postgres://berth@db.example.com/berth berth migrate`,
    )
    .action(async () => {
      const { settings } = resolveConfig({ ...context.sources, flags: flagsOf(command, FLAGS) });
      const { plan: planOnly = false } = command.opts<{ plan?: boolean }>();
      const how = { json: wantsJson(command), planOnly };
      context.exitWith(await migrate(settings.database, migrations, context, how));
    });
}

async function migrate(
  database: DatabasePlace,
  migrations: Migrations,
  { terminal }: CommandContext,
  { json, planOnly }: { readonly json: boolean; readonly planOnly: boolean },
): Promise<number> {
  const print = (document: object) => terminal.out(`${JSON.stringify(document)}\n`);
  const say = (line: string) => terminal.out(`${line}\n`);
  if (database.kind === 'sqlite') {
    if (json) print({ database: 'sqlite', pending: [] });
    else say('The metadata is in SQLite, in the data folder: berth serve brings it up to date by itself.');
    return 0;
  }
  const { url } = database;
  if (planOnly) {
    const plan = await migrations.plan(url);
    if (json) print(plan);
    else terminal.out(planShown(showDatabase(database), plan));
    return plan.pending.length > 0 ? 1 : 0;
  }
  const onStep = json ? () => {} : ({ version, name }: Step) => say(`Done: version ${version}, ${name}.`);
  const { current, target, pending } = await migrations.apply(url, onStep);
  if (json) print({ current, target, applied: pending });
  else say(`${showDatabase(database)} has version ${target}, which is that of this Berth.`);
  return 0;
}

function planShown(database: string, { current, target, pending }: Plan): string {
  if (pending.length === 0)
    return `${database} has version ${target}, which is that of this Berth. Nothing is to be done.\n`;
  const has = current === 0 ? 'is empty' : `has version ${current}`;
  const rows = pending.map(({ version, name, note, online }) => [
    String(version),
    name,
    note,
    online ? 'servers may go on' : 'stop all servers of earlier versions first',
  ]);
  return `${database} ${has}; this Berth is made for version ${target}. To be done:\n${formatTable(rows)}`;
}
