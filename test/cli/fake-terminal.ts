import { runProgram } from '../../src/cli/program.ts';
import type { Start } from '../../src/cli/running-server.ts';
import type { StopSignal, Terminal } from '../../src/cli/terminal.ts';

/** A terminal that remembers what was printed, and whose signals the test sends. */
export function fakeTerminal() {
  const listeners = new Set<(signal: StopSignal) => void>();
  const printed = { out: '', err: '', quits: [] as number[] };
  const terminal: Terminal = {
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    quit: (code) => printed.quits.push(code),
  };
  const send = (signal: StopSignal) => {
    for (const listener of listeners) listener(signal);
  };
  return { terminal, printed, send, listeners };
}

export const neverStart: Start = async () => {
  throw new Error('the server was started');
};

export interface Run {
  readonly start?: Start;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs the program to its end. */
export async function run(argv: readonly string[], { start = neverStart, env = {}, files = {} }: Run = {}) {
  const { terminal, printed } = fakeTerminal();
  const sources = { env: { HOME: '/home/ann', ...env }, cwd: '/here', readFile: (path: string) => files[path] };
  const code = await runProgram(argv, { start, sources, terminal });
  return { code, ...printed };
}
