import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { blobPath } from '../../support/blob-path.ts';
import type { Dice } from './dice.ts';
import type { Journal } from './findings.ts';
import type { Pushed } from './push.ts';
import { quote, type Reply, type Wire } from './wire.ts';

/** Older than what a check takes for bytes on their way. */
const TWO_HOURS = 7_200_000;
const PATIENCE = 10_000;

interface Line {
  readonly kind: 'finding' | 'total' | 'error';
  readonly problem?: string;
  readonly subject?: string;
  readonly repaired?: boolean;
}

/**
 * Who has the server repair its store while others work with it. What there is to repair is planted: bytes that nothing
 * knows, and a counter that is wrong. Whatever else a check finds is a finding.
 */
export class Operator {
  readonly #dataDir: string;
  readonly #dice: Dice;
  readonly #journal: Journal;
  /** Keys of the bytes that were planted; they must go. */
  readonly #planted = new Set<string>();
  #counter: 'right' | 'wrong' | 'unknown' = 'right';

  constructor(dataDir: string, dice: Dice, journal: Journal) {
    this.#dataDir = dataDir;
    this.#dice = dice;
    this.#journal = journal;
  }

  /** Puts a counter wrong in the database, which no server may be using. */
  async miscount(): Promise<void> {
    const path = join(this.#dataDir, 'berth.db');
    if (!existsSync(path)) return;
    using database = new DatabaseSync(path);
    const { changes } = database.prepare(`UPDATE usage SET images = images + 7 WHERE scope = 'registry'`).run();
    if (changes > 0) this.#counter = 'wrong';
  }

  /** Plants bytes, and has the server repair what it finds. */
  async act(wire: Wire): Promise<Pushed> {
    try {
      for (let count = 1 + this.#dice.below(4); count > 0; count--) await this.#plantBytes();
    } catch (error) {
      // The operator's own files are on the disk whose power is cut.
      if (!this.#journal.powerIsGone) throw error;
      return 'unknown';
    }
    const force = this.#dice.chance(0.5);
    const reply = await wire.operate('fsck', { repair: true, force, deep: this.#dice.chance(0.1) });
    if (reply.outcome === 'refused') this.#journal.find('wrong answer', `fsck: ${quote(reply)}`);
    if (reply.outcome === 'unknown' && this.#counter === 'wrong') this.#counter = 'unknown';
    if (reply.outcome !== 'ok') return reply.outcome;
    this.#journal.count('repairs');
    this.#judge(linesOf(reply), force);
    await sleep(50);
    return 'ok';
  }

  /**
   * Repairs what a crash has left unrepaired, without a server, so that what is found in the store afterwards is not what was
   * planted.
   */
  async repair(): Promise<void> {
    const program = fileURLToPath(new URL('../../../bin/berth.js', import.meta.url));
    const flags = ['fsck', '--repair', '--force', '--json', '--data-dir', this.#dataDir];
    const { promise, resolve } = Promise.withResolvers<string>();
    // Ends with 1 when it has found something, which it may.
    execFile(process.execPath, [program, ...flags], { maxBuffer: 1 << 26 }, (_, stdout) => resolve(stdout));
    this.#judge(parse(await promise), true);
  }

  /** A check finds nothing any more, and what was planted goes. */
  async check(wire: Wire): Promise<void> {
    if (this.#planted.size === 0) return;
    const reply = await wire.operate('fsck', { deep: true });
    const findings = linesOf(reply).filter((line) => line.kind !== 'total' && !this.#isCounter(line));
    if (reply.outcome !== 'ok' || findings.length > 0) this.#journal.find('store', `fsck says: ${quote(reply)}`);
    const deadline = performance.now() + PATIENCE;
    for (const key of this.#planted) {
      while (existsSync(blobPath(this.#dataDir, key)) && performance.now() < deadline) await sleep(50);
      if (existsSync(blobPath(this.#dataDir, key))) this.#journal.find('store', `${key} was repaired and is there`);
    }
    this.#planted.clear();
  }

  #judge(lines: readonly Line[], force: boolean): void {
    if (lines.at(-1)?.kind !== 'total') {
      this.#journal.find('store', `a repair does not end: ${JSON.stringify(lines.at(-1))}`);
    }
    for (const line of lines) {
      const { problem, subject = '', repaired = false } = line;
      if (line.kind === 'total') continue;
      if (problem === 'stray bytes' && this.#planted.has(subject) && (repaired || !force)) continue;
      if (problem === 'repair refused' && subject === 'stray bytes' && !force) continue;
      if (this.#isCounter(line) && repaired) continue;
      this.#journal.find('store', `a repair says: ${JSON.stringify(line)}`);
    }
    if (this.#counter === 'wrong' && !lines.some((line) => this.#isCounter(line))) {
      this.#journal.find('store', 'a repair does not find the counter that is wrong');
    }
    this.#counter = 'right';
  }

  /** Whether this is the counter that was put wrong. */
  #isCounter({ problem, subject }: Line): boolean {
    return this.#counter !== 'right' && problem === 'usage' && subject?.startsWith('registry ') === true;
  }

  async #plantBytes(): Promise<void> {
    const digits = Array.from({ length: 26 }, () => '0123456789abcdefghjkmnpqrstvwxyz'[this.#dice.below(32)]);
    const key = digits.join('');
    const path = blobPath(this.#dataDir, key);
    const long = new Date(Date.now() - TWO_HOURS);
    await mkdir(dirname(path), { recursive: true });
    this.#planted.add(key);
    // Beside its place at first, so that nobody sees it young.
    const beside = join(dirname(this.#dataDir), key);
    await writeFile(beside, this.#dice.bytes(100 + this.#dice.below(1000)));
    await utimes(beside, long, long);
    await rename(beside, path);
  }
}

function linesOf({ body, status }: Reply): Line[] {
  return status === 0 ? [] : parse(body.toString('utf8'));
}

function parse(lines: string): Line[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
