import type { Command } from 'commander';
import type { readCollectionStatus } from '../registry/collection/status.ts';
import { addServerFlags, type CommandContext, clientOf, wantsJson } from './command-context.ts';
import { counted, formatBytes, formatSpan, formatTable, printable } from './format.ts';

/** How a round of collection went, as the server tells it. What it brought are numbers by name, bytes where the name says so. */
interface Round {
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly collected?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

type Status = Awaited<ReturnType<typeof readCollectionStatus>> & { readonly lastRound?: Round };

/** `berth gc status` and `berth gc run` */
export function addGc(program: Command, context: CommandContext): void {
  const gc = program.command('gc').description('Look after collection: how bytes that nothing uses leave the disk.');
  addStatus(gc, context);
  addRun(gc, context);
}

function addStatus(gc: Command, context: CommandContext): void {
  const command = gc.command('status').description('Show what waits for collection, and how the last round went.');
  addServerFlags(command)
    .addHelpText('after', '\nExamples:\n  $ berth gc status\n  $ berth gc status --json | jq .trash.bytes')
    .action(async () => {
      const status = await clientOf(command, context).get<Status>('gc');
      context.terminal.out(wantsJson(command) ? `${JSON.stringify(status)}\n` : shown(status, context.clock.now()));
    });
}

function addRun(gc: Command, context: CommandContext): void {
  const command = gc
    .command('run')
    .description('Run a round of collection at once, besides those that the server runs by itself.')
    .option('--wait', 'Wait until the round is over and say what it brought');
  addServerFlags(command)
    .addHelpText('after', '\nExamples:\n  $ berth gc run\n  $ berth gc run --wait')
    .action(async () => {
      const wait = command.getOptionValue('wait') === true;
      const answer = await clientOf(command, context).post<{ collected?: Round['collected'] }>('gc/run', { wait });
      if (wantsJson(command)) return context.terminal.out(`${JSON.stringify(answer)}\n`);
      const { collected } = answer;
      context.terminal.out(
        collected === undefined
          ? "A round has begun. 'berth gc status' shows how it went.\n"
          : `The round is over: ${brought(collected)}.\n`,
      );
    });
}

function shown({ deleted, idle, trash, lastRound }: Status, now: number): string {
  const rows = [
    ['Deleted images', counted(deleted.images, 'image'), '', due(deleted.oldest, now)],
    ['Idle, to be condemned', '', formatBytes(idle.bytes), due(idle.oldest, now)],
    ['Awaiting erase', counted(trash.count, 'blob'), formatBytes(trash.bytes), due(trash.oldest, now)],
  ];
  const failing =
    trash.failing > 0
      ? `\n${counted(trash.failing, 'blob')} could not be erased and will be tried again; the last error: ${printable(trash.lastError ?? 'unknown')}\n`
      : '';
  return `${formatTable(rows)}${failing}\n${roundShown(lastRound, now)}`;
}

/** When the first of those that wait may go. */
function due(oldest: number | undefined, now: number): string {
  if (oldest === undefined) return '';
  return oldest > now ? `the first in ${formatSpan(oldest - now)}` : `the first since ${formatSpan(now - oldest)}`;
}

function roundShown(round: Round | undefined, now: number): string {
  if (round === undefined) return 'No round has ended since the server started.\n';
  const when =
    round.endedAt === undefined ? 'The last round' : `The last round ended ${formatSpan(now - round.endedAt)} ago`;
  if (round.error !== undefined) return `${when}; it failed: ${printable(round.error)}\n`;
  return `${when}: ${brought(round.collected ?? {})}.\n`;
}

/** `expired uploads 0, condemned blobs 3, erased bytes 1.2 GB` */
function brought(collected: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(collected).flatMap(([name, value]) => {
    if (typeof value !== 'number') return [];
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return `${printable(words)} ${/bytes$/i.test(name) ? formatBytes(value) : value}`;
  });
  return parts.length > 0 ? parts.join(', ') : 'nothing was to be done';
}
