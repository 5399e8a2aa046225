import process from 'node:process';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What a command line program has around it, so that tests can stand in for it. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Answers the function that stops listening. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  quit(code: number): void;
}

/** Ctrl-C under an npm script can reach the process twice: from the terminal, and passed on by npm. */
const ECHO_MS = 250;

/** The terminal of a process; what is not a process but emits signals like one will do in a test. */
export function processTerminal(signals: NodeJS.EventEmitter = process): Terminal {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    onSignal: (listener) => {
      let last: { signal: StopSignal; at: number } | undefined;
      const receive = (signal: StopSignal) => {
        const now = performance.now();
        const echo = last?.signal === signal && now - last.at < ECHO_MS;
        last = { signal, at: now };
        if (!echo) listener(signal);
      };
      signals.on('SIGINT', receive).on('SIGTERM', receive);
      return () => {
        signals.off('SIGINT', receive).off('SIGTERM', receive);
      };
    },
    quit: (code) => process.exit(code),
  };
}
