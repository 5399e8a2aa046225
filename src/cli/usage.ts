import type { Command } from 'commander';
import type { RegistryUsage, RepositoryUsage } from '../registry/usage/read-usage.ts';
import { repositoryArgument } from './arguments.ts';
import type { BerthClient } from './client/berth-client.ts';
import { addServerFlags, type CommandContext, clientOf, wantsJson } from './command-context.ts';
import { counted, formatBytes, formatTable } from './format.ts';

const PAGE = 1000;

/** `berth usage` */
export function addUsage(program: Command, context: CommandContext): void {
  const command = program
    .command('usage')
    .description('Show what repositories use, and what is on disk.')
    .option('--repository <name>', 'Only this repository', repositoryArgument);
  addServerFlags(command)
    .addHelpText(
      'after',
      `
Logical is what every image would take by itself; live is what the images of a repository take together, each blob once.
Held is kept only so that deletions can be undone; idle is in no image and will be erased.

Examples:
  $ berth usage
  $ berth usage --repository team/app --json`,
    )
    .action(async () => {
      const client = clientOf(command, context);
      const { repository } = command.opts<{ repository?: string }>();
      const json = wantsJson(command);
      context.terminal.out(await (repository === undefined ? all(client, json) : one(client, repository, json)));
    });
}

async function one(client: BerthClient, name: string, json: boolean): Promise<string> {
  const answer = await client.get<RepositoryUsage>('usage/repository', { name });
  return json ? `${JSON.stringify(answer)}\n` : table([rowOf(answer)]);
}

async function all(client: BerthClient, json: boolean): Promise<string> {
  const registry = await client.get<RegistryUsage>('usage');
  const repositories = await listAll(client);
  if (json) return `${JSON.stringify({ ...registry, repositories })}\n`;
  const { usage, store } = registry;
  const total = ['total, each blob once', ...cellsOf(usage)];
  return `${table([...repositories.map(rowOf), total])}\n${onDisk(store)}`;
}

async function listAll(client: BerthClient): Promise<RepositoryUsage[]> {
  const found: RepositoryUsage[] = [];
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const query = { after, limit: PAGE };
    const page: { repositories: RepositoryUsage[]; next?: string } = await client.get('usage/repositories', query);
    found.push(...page.repositories);
    after = page.next;
  }
  return found;
}

function table(rows: readonly (readonly string[])[]): string {
  const head = ['REPOSITORY', 'IMAGES', 'LOGICAL', 'LIVE', 'HELD FOR UNDO', 'IDLE'];
  return formatTable([head, ...rows], [1, 2, 3, 4, 5]);
}

function rowOf({ repositoryName, usage }: RepositoryUsage): readonly string[] {
  return [repositoryName, ...cellsOf(usage)];
}

function cellsOf({ images, logicalBytes, liveBytes, heldBytes, idleBytes }: RegistryUsage['usage']): readonly string[] {
  return [String(images), ...[logicalBytes, liveBytes, heldBytes, idleBytes].map(formatBytes)];
}

function onDisk({ blobs, trash, uploads }: RegistryUsage['store']): string {
  return formatTable([
    ['On disk, of all accounts', counted(blobs.count, 'blob'), formatBytes(blobs.bytes)],
    ['Awaiting erase', counted(trash.count, 'blob'), formatBytes(trash.bytes)],
    ['Uploads under way', counted(uploads.count, 'upload'), formatBytes(uploads.bytes)],
  ]);
}
