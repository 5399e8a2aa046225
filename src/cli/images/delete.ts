import type { Command } from 'commander';
import type { DeletionTotal } from '../../registry/deletion/deletion-entry.ts';
import type { Wanted } from '../../registry/deletion/selection.ts';
import { repositoryArgument } from '../arguments.ts';
import type { BerthClient } from '../client/berth-client.ts';
import { cutShort, ServerError } from '../client/server-error.ts';
import { addServerFlags, type CommandContext, clientOf, wantsJson, wrongUsage } from '../command-context.ts';
import { counted } from '../format.ts';
import { Interruption } from '../interruption.ts';
import { Progress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';
import { type DeletionLine, entryShown, totalShown } from './deletion-lines.ts';
import { addNamingFlags, addSelectionFlags, wantedOf } from './wanted.ts';

const AGAIN = 'Run the same command again to go on: what is gone is gone.';
/** How many refusals are told one by one. */
const MOST_REFUSALS = 20;

/** What is to be done, as the server is told it. */
type Deletion = { readonly repositoryName: string } & Wanted;

/** `berth images delete` */
export function addImagesDelete(images: Command, context: CommandContext): void {
  const command = images
    .command('delete')
    .description('Delete images and tags: show what would go, ask, and delete it in batches.')
    .argument('<repository>', 'Name of the repository', repositoryArgument);
  addSelectionFlags(addNamingFlags(command))
    .option('--dry-run', 'Show what would go, and delete nothing')
    .option('--yes', 'Do not ask');
  addServerFlags(command)
    .addHelpText(
      'after',
      `
Images are either named (--tag, --digest) or selected; all conditions of a selection must hold. With --tag-pattern the tags
that match go, and an image with its last tag; other selections take whole images. With --json every entry is a line.

Examples:
  $ berth images delete team/app --untagged --older-than 30d --dry-run
  $ berth images delete team/app --tag-pattern 'pr-*' --not-pulled-since 14d --yes
  $ berth images delete team/app --tag v1.0.0 --digest sha256:…`,
    )
    .action(async (repositoryName: string) => {
      const deletion = { repositoryName, ...wantedOf(command, context.clock.now()) };
      const client = clientOf(command, context);
      const json = wantsJson(command);
      const { dryRun = false, yes = false } = command.opts<{ dryRun?: boolean; yes?: boolean }>();
      if (dryRun) return context.exitWith(await showPlan(client, deletion, context, json));
      if (!yes && !context.terminal.interactive) {
        wrongUsage(command, 'there is nobody to ask whether to delete: add --yes, or look first with --dry-run');
      }
      context.exitWith(await planAndDelete(client, deletion, context, { json, yes }));
    });
}

async function showPlan(client: BerthClient, deletion: Deletion, context: CommandContext, json: boolean) {
  const { terminal } = context;
  using interruption = new Interruption(terminal);
  try {
    const total = await follow(client, 'images/plan', deletion, interruption, (line) => {
      if (json) terminal.out(`${JSON.stringify(line)}\n`);
      else if (line.kind !== 'total') terminal.out(entryShown(line));
    });
    if (!json) terminal.out(totalShown(total, false));
    return total.failures > 0 ? 1 : 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    throw error;
  }
}

async function planAndDelete(
  client: BerthClient,
  deletion: Deletion,
  { terminal, clock }: CommandContext,
  { json, yes }: { readonly json: boolean; readonly yes: boolean },
): Promise<number> {
  const plan = await planOf(client, deletion, terminal);
  if (typeof plan === 'number') return plan;
  const { total, entries } = plan;
  terminal.err(totalShown(total, false));
  const nothing = total.images + total.tags === 0;
  if (!nothing && !yes && !(await agrees(terminal))) {
    terminal.err('Nothing was deleted.\n');
    return 1;
  }
  return perform(client, deletion, { terminal, json }, new Progress(terminal, clock, entries));
}

interface Plan {
  readonly total: DeletionTotal;
  /** How many lines a deletion will have that are progress. */
  readonly entries: number;
}

/** What the plan comes to, or the exit code if somebody interrupted. */
async function planOf(client: BerthClient, deletion: Deletion, terminal: Terminal): Promise<Plan | number> {
  using interruption = new Interruption(terminal);
  let entries = 0;
  try {
    const total = await follow(client, 'images/plan', deletion, interruption, (line) => {
      if (isProgress(line)) entries += 1;
    });
    return { total, entries };
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    terminal.err('Nothing was deleted.\n');
    return interruption.exitCode;
  }
}

async function perform(
  client: BerthClient,
  deletion: Deletion,
  { terminal, json }: { readonly terminal: Terminal; readonly json: boolean },
  progress: Progress,
): Promise<number> {
  using interruption = new Interruption(terminal);
  const gone = { images: 0, tags: 0 };
  const refusals = new Refusals(terminal);
  try {
    const total = await follow(client, 'images/delete', deletion, interruption, (line) => {
      if (json) terminal.out(`${JSON.stringify(line)}\n`);
      if (line.kind === 'image') gone.images += 1;
      if (line.kind === 'image') gone.tags += line.imageTags.length;
      if (line.kind === 'tag') gone.tags += 1;
      if (line.kind === 'failure' && !json) refusals.add(entryShown(line));
      if (isProgress(line)) progress.advance();
    });
    progress.end();
    refusals.tell();
    if (!json) terminal.out(totalShown(total, true));
    return total.failures > 0 ? 1 : 0;
  } catch (error) {
    progress.end();
    const soFar = `So far ${counted(gone.images, 'image')} and ${counted(gone.tags, 'tag')} are gone.`;
    if (interruption.exitCode !== undefined) {
      terminal.err(`Stopped; the server ends with the batch in hand. ${soFar}\n${AGAIN}\n`);
      return interruption.exitCode;
    }
    if (error instanceof ServerError && gone.images + gone.tags > 0) {
      throw new ServerError(`${error.message}\n${soFar} ${AGAIN}`, { cause: error });
    }
    throw error;
  }
}

/** Hands every line on and answers the total. */
async function follow(
  client: BerthClient,
  path: string,
  deletion: Deletion,
  { signal }: Interruption,
  onLine: (line: DeletionLine) => void,
): Promise<DeletionTotal> {
  for await (const line of client.lines<DeletionLine>(path, deletion, signal)) {
    onLine(line);
    if (line.kind === 'total') return line;
  }
  throw cutShort(client.endpoint);
}

function isProgress({ kind }: DeletionLine): boolean {
  return kind !== 'total' && kind !== 'referrer';
}

async function agrees(terminal: Terminal): Promise<boolean> {
  const answer = await terminal.ask('Delete them? [y/N] ');
  return /^y(?:es)?$/i.test(answer?.trim() ?? '');
}

/** The first refusals, to be told when the bar is out of the way, and how many more there were. */
class Refusals {
  readonly #terminal: Terminal;
  readonly #first: string[] = [];
  #more = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  add(shown: string): void {
    if (this.#first.length < MOST_REFUSALS) this.#first.push(shown);
    else this.#more += 1;
  }

  tell(): void {
    this.#terminal.err(this.#first.join(''));
    if (this.#more > 0) this.#terminal.err(`and ${this.#more} more refused; --json lists them all\n`);
  }
}
