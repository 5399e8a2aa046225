import process from 'node:process';
import { createInterface } from 'node:readline';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What a command line program has around it, so that tests can stand in for it. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether somebody sits there who sees what is printed on stderr and can answer. */
  readonly interactive: boolean;
  /** Asks a question and answers what was typed; `undefined` if nothing was: the end of the input, or Ctrl-C. */
  ask(question: string): Promise<string | undefined>;
  /** Answers the function that stops listening. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  quit(code: number): void;
}

/** Ctrl-C under an npm script can reach the process twice: from the terminal, and passed on by npm. */
const ECHO_MS = 250;

/** What a shell reads from a process that wrote to somebody who had gone: SIGPIPE, which Node turns into an error. */
const BROKEN_PIPE = 141;

/** Ends quietly when whoever reads the output has had enough, as `| head` does. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(BROKEN_PIPE);
}

/** The terminal of a process; what is not a process but emits signals like one will do in a test. */
export function processTerminal(signals: NodeJS.EventEmitter = process): Terminal {
  if (signals === process) process.stdout.on('error', endWithReader);
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    ask: (question) =>
      new Promise((resolve) => {
        const lines = createInterface({ input: process.stdin, output: process.stderr });
        lines.on('SIGINT', () => lines.close());
        lines.on('close', () => {
          // The cursor stands behind the question still.
          process.stderr.write('\n');
          resolve(undefined);
        });
        lines.question(question, (answer) => {
          resolve(answer);
          lines.removeAllListeners('close').close();
        });
      }),
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
