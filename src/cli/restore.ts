import type { Command } from 'commander';
import type { Restorable } from '../registry/deletion/list-restorable.ts';
import type { Restored } from '../registry/deletion/restore.ts';
import { repositoryArgument } from './arguments.ts';
import type { BerthClient } from './client/berth-client.ts';
import { addServerFlags, type CommandContext, clientOf, wantsJson, wrongUsage } from './command-context.ts';
import { counted, formatInstant, printable } from './format.ts';
import { nameOf } from './images/deletion-lines.ts';
import { addNamingFlags, namedImages } from './images/wanted.ts';
import type { Terminal } from './terminal.ts';

interface Flags {
  readonly all?: true;
  readonly repository?: true;
  readonly list?: true;
}

const PAGE = 1000;

/** `berth restore` */
export function addRestore(program: Command, context: CommandContext): void {
  const command = program
    .command('restore')
    .description('Bring back what was deleted, within the undo window of the server.')
    .argument('<repository>', 'Name of the repository', repositoryArgument);
  addNamingFlags(command)
    .option('--all', 'Every image that can be brought back')
    .option('--repository', 'The repository itself, with all that it had')
    .option('--list', 'Show what can be brought back, and until when');
  addServerFlags(command)
    .addHelpText(
      'after',
      `
The window is set where the server is started: berth serve --undo-window 7d. A tag that has been given to another image
since stays there.

Examples:
  $ berth restore team/app --list
  $ berth restore team/app --tag v1.0.0
  $ berth restore team/app --repository`,
    )
    .action(async (repositoryName: string) => {
      const { all, repository, list } = command.opts<Flags>();
      const imageIds = namedImages(command);
      const given = [imageIds.length > 0, all, repository, list].filter(Boolean);
      if (given.length !== 1) {
        wrongUsage(command, 'say what to bring back: --tag or --digest, else one of --all, --repository and --list');
      }
      const client = clientOf(command, context);
      const json = wantsJson(command);
      const { terminal } = context;
      if (list) return listAll(client, repositoryName, terminal, json);
      if (repository) return restoreRepository(client, repositoryName, terminal, json);
      const what = all ? { all } : { imageIds };
      const outcome = await client.post<Restored>('restore', { repositoryName, ...what });
      if (json) terminal.out(`${JSON.stringify(outcome)}\n`);
      else tell(outcome, terminal);
      context.exitWith(outcome.failures.length > 0 ? 1 : 0);
    });
}

function tell({ restored, failures }: Restored, terminal: Terminal): void {
  for (const imageId of restored) terminal.out(`restored  ${nameOf(imageId)}\n`);
  for (const { imageId, code, reason } of failures) {
    terminal.err(`refused   ${nameOf(imageId)}  ${printable(code)}: ${printable(reason)}\n`);
  }
  if (restored.length + failures.length === 0) terminal.out('There is nothing to bring back.\n');
}

async function restoreRepository(client: BerthClient, repositoryName: string, terminal: Terminal, json: boolean) {
  const answer = await client.post<{ images: number }>('restore', { repositoryName, repository: true });
  const sentence = `The repository ${repositoryName} is back, with ${counted(answer.images, 'image')}.`;
  terminal.out(`${json ? JSON.stringify(answer) : sentence}\n`);
}

/** A line an image as the pages come: there may be as many as were ever deleted. */
async function listAll(client: BerthClient, name: string, terminal: Terminal, json: boolean): Promise<void> {
  let found = 0;
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const page: { images: Restorable[]; next?: string } = await client.get('restorable', { name, after, limit: PAGE });
    for (const image of page.images) terminal.out(json ? `${JSON.stringify(image)}\n` : shown(image));
    found += page.images.length;
    after = page.next;
  }
  if (found === 0 && !json) terminal.out('There is nothing to bring back.\n');
}

function shown({ imageDigest, imageTags, whole, deletedAt, until }: Restorable): string {
  const tags = imageTags.length > 0 ? imageTags.join(', ') : '(untagged)';
  const kind = whole ? 'image' : 'tag  ';
  return `${kind}  ${imageDigest}  deleted ${formatInstant(deletedAt)}  until ${formatInstant(until)}  ${printable(tags)}\n`;
}
