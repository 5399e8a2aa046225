import type { Clock } from '../model/clock.ts';
import type { Terminal } from './terminal.ts';

const WIDTH = 24;
const REDRAW = 100;
/** How often a log gets a line: a terminal sees a bar instead. */
const LINE_EVERY = 10_000;

/** How far something has come that takes long, on stderr: a bar on a terminal, elsewhere a line every ten seconds. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #total: number;
  readonly #show: (amount: number) => string;
  readonly #began: number;
  #shownAt: number;
  #done = 0;
  #drawn = false;

  /** `show` says an amount to people. */
  constructor(terminal: Terminal, clock: Clock, total: number, show: (amount: number) => string = String) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#total = total;
    this.#show = show;
    this.#began = clock.now();
    this.#shownAt = this.#began;
  }

  /** One more is done, or so many. */
  advance(by = 1): void {
    this.#done += by;
    const now = this.#clock.now();
    const every = this.#terminal.interactive ? REDRAW : LINE_EVERY;
    const due = now - this.#shownAt >= every || (this.#terminal.interactive && !this.#drawn);
    if (due) this.#draw(now);
  }

  /** Leaves the cursor at the beginning of a line. */
  end(): void {
    if (!this.#drawn) return;
    this.#draw(this.#clock.now());
    this.#terminal.err('\n');
  }

  #draw(now: number): void {
    this.#shownAt = now;
    const share = this.#total > 0 ? Math.min(this.#done / this.#total, 1) : 1;
    const seconds = (now - this.#began) / 1000;
    const rate = seconds > 0 ? `, ${this.#show(Math.round(this.#done / seconds))} a second` : '';
    const said = `${Math.floor(share * 100)} %, ${this.#show(this.#done)} of ${this.#show(this.#total)}${rate}`;
    if (this.#terminal.interactive) {
      this.#drawn = true;
      const filled = Math.round(share * WIDTH);
      this.#terminal.err(`\r\u001b[K[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${said}`);
    } else {
      this.#terminal.err(`${said}\n`);
    }
  }
}
