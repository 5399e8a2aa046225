import type { StopSignal, Terminal } from './terminal.ts';

/** What a shell reads from a process that a signal ended. */
export const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const satisfies Record<StopSignal, number>;

/** Ctrl-C while a command waits for the server: the first gives the call up, a second ends the process at once. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #ignoreSignals: () => void;
  #exitCode: number | undefined;

  constructor(terminal: Terminal) {
    this.#ignoreSignals = terminal.onSignal((signal) => {
      if (this.#exitCode !== undefined) terminal.quit(SIGNAL_EXITS[signal]);
      this.#exitCode = SIGNAL_EXITS[signal];
      this.#controller.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to exit with; `undefined` if nobody interrupted. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    this.#ignoreSignals();
  }
}
