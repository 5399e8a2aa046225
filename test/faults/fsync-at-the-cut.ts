/**
 * What fsync says while the power is being cut: `node test/faults/fsync-at-the-cut.ts --cuts 100`. Has files written to and
 * forced without Berth, cuts the power, and counts how often fsync said yes of bytes that are not there afterwards, before
 * the order to cut and after it. Prints one line of JSON and ends with 1 when that happened before.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Disk, openDisk, whyNoPowerCuts } from './power-cut.ts';

const FILES = 4;
const BLOCK = 4120;

/** When fsync said yes of each block of a file, as `performance.now()` counts. */
type Answers = number[];

const { values } = parseArgs({ options: { cuts: { type: 'string', default: '100' } } });
process.exitCode = await main(Number(values.cuts));

async function main(cuts: number): Promise<number> {
  const why = await whyNoPowerCuts();
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return 0;
  }
  await using disk = await openDisk();
  const lies = { before: 0, after: 0 };
  let yesAfter = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const names = Array.from({ length: FILES }, (_, number) => join(disk.path, `${cut}-${number}`));
    const { answers, ordered } = await cutUnder(disk, names);
    for (const [number, name] of names.entries()) {
      const there = Math.floor((await readFile(name).catch(() => Buffer.alloc(0))).byteLength / BLOCK);
      for (const [block, moment] of (answers[number] ?? []).entries()) {
        if (moment >= ordered) yesAfter += 1;
        if (block >= there) lies[moment < ordered ? 'before' : 'after'] += 1;
      }
    }
  }
  process.stdout.write(`${JSON.stringify({ cuts, yesAfterTheOrder: yesAfter, lost: lies })}\n`);
  return lies.before === 0 ? 0 : 1;
}

async function cutUnder(disk: Disk, names: readonly string[]): Promise<{ answers: Answers[]; ordered: number }> {
  const answers = names.map((): Answers => []);
  const handles = await Promise.all(names.map((name) => open(name, 'wx')));
  const work = Promise.all(handles.map((handle, number) => append(handle, answers[number] ?? [])));
  await sleep(30 + Math.random() * 90);
  const ordered = performance.now();
  await disk.cut();
  await work;
  await Promise.all(handles.map((handle) => handle.close().catch(() => undefined)));
  await disk.restore();
  return { answers, ordered };
}

/** Until the disk is gone. */
async function append(handle: FileHandle, answers: Answers): Promise<void> {
  const block = Buffer.alloc(BLOCK, 'x');
  try {
    for (;;) {
      await handle.appendFile(block);
      await handle.sync();
      answers.push(performance.now());
    }
  } catch {
    // No power.
  }
}
