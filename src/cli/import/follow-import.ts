import type { Clock } from '../../model/clock.ts';
import type { ImportStep, ImportTotal } from '../../registry/import/import-store.ts';
import { counted, formatBytes, printable } from '../format.ts';
import { Progress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';

type Begun = Extract<ImportStep, { kind: 'begun' }>;

/** Tells on stderr how far an import has come: bytes first, then rows, then rows again as they are compared. */
export class ImportProgress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  #bar: { readonly of: ImportStep['kind']; readonly progress: Progress } | undefined;
  #begun: Begun | undefined;

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
  }

  hear(step: ImportStep): void {
    switch (step.kind) {
      case 'begun':
        this.#begun = step;
        this.#terminal.err(
          `${step.resumed ? 'Going on with' : 'Importing'} ${counted(step.blobs, 'blob')} of ${formatBytes(step.bytes)}.\n`,
        );
        break;
      case 'blob':
        this.#barOf(step.kind, this.#begun?.bytes, formatBytes).advance(step.bytes);
        break;
      case 'rows':
      case 'compared':
        this.#barOf(step.kind, this.#begun?.rows, (rows) => counted(rows, 'row')).advance(step.rows);
        break;
      case 'finding':
        this.end();
        this.#terminal.err(`${printable(step.problem)}  ${printable(step.subject)}  ${printable(step.detail)}\n`);
    }
  }

  /** Leaves the cursor at the beginning of a line. */
  end(): void {
    this.#bar?.progress.end();
    this.#bar = undefined;
  }

  #barOf(kind: ImportStep['kind'], total = 0, show: (amount: number) => string): Progress {
    if (this.#bar?.of === kind) return this.#bar.progress;
    this.end();
    const titles: Partial<Record<ImportStep['kind'], string>> = { rows: 'Rows:\n', compared: 'Comparing rows:\n' };
    this.#terminal.err(titles[kind] ?? '');
    const progress = new Progress(this.#terminal, this.#clock, total, show);
    this.#bar = { of: kind, progress };
    return progress;
  }
}

export function importShown({ blobs, bytes, rows, findings }: ImportTotal): string {
  const all = blobs.copied + blobs.found + blobs.lost;
  const sum = Object.values(rows).reduce((total, count) => total + count, 0);
  const earlier = blobs.found > 0 ? `, ${blobs.found} of them in an earlier run` : '';
  const lost = blobs.lost > 0 ? `, ${blobs.lost} of them without bytes, as in the source` : '';
  const checked = findings === 0 ? 'The check found nothing' : `The check found ${counted(findings, 'contradiction')}`;
  return (
    `Imported: ${counted(all, 'blob')}${earlier}${lost} (${formatBytes(bytes)} copied), ${counted(sum, 'row')}.\n` +
    `${checked}. Every row and every digest was compared: the target may be served.\n`
  );
}
