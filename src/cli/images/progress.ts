import type { Clock } from '../../model/clock.ts';
import type { Terminal } from '../terminal.ts';

const WIDTH = 24;
const REDRAW = 100;
/** How often a log gets a line: a terminal sees a bar instead. */
const LINE_EVERY = 10_000;

/** How far a deletion has come, on stderr: a bar on a terminal, elsewhere a line every ten seconds. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #total: number;
  readonly #began: number;
  #shownAt: number;
  #done = 0;
  #drawn = false;

  constructor(terminal: Terminal, clock: Clock, total: number) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#total = total;
    this.#began = clock.now();
    this.#shownAt = this.#began;
  }

  /** One more is done. */
  advance(): void {
    this.#done += 1;
    const now = this.#clock.now();
    const every = this.#terminal.interactive ? REDRAW : LINE_EVERY;
    const due = now - this.#shownAt >= every || (this.#terminal.interactive && !this.#drawn);
    if (due) this.#show(now);
  }

  /** Leaves the cursor at the beginning of a line. */
  end(): void {
    if (!this.#drawn) return;
    this.#show(this.#clock.now());
    this.#terminal.err('\n');
  }

  #show(now: number): void {
    this.#shownAt = now;
    const share = this.#total > 0 ? Math.min(this.#done / this.#total, 1) : 1;
    const seconds = (now - this.#began) / 1000;
    const rate = seconds > 0 ? `, ${Math.round(this.#done / seconds)} a second` : '';
    const said = `${Math.floor(share * 100)} %, ${this.#done} of ${this.#total}${rate}`;
    if (this.#terminal.interactive) {
      this.#drawn = true;
      const filled = Math.round(share * WIDTH);
      this.#terminal.err(`\r\u001b[K[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${said}`);
    } else {
      this.#terminal.err(`${said}\n`);
    }
  }
}
