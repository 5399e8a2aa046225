import type { CheckStores } from '../../src/cli/fsck.ts';
import type { ImportStore } from '../../src/cli/import.ts';
import type { Migrations } from '../../src/cli/migrate.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Start } from '../../src/cli/running-server.ts';
import type { StopSignal, Terminal } from '../../src/cli/terminal.ts';
import type { ReadFile } from '../../src/config/sources.ts';
import type { Clock } from '../../src/model/clock.ts';

/** Somebody at the terminal: what they answer, each question in turn; `undefined` is Ctrl-D. */
export interface Person {
  readonly answers: readonly (string | undefined)[];
}

/** A terminal that remembers what was printed, and whose signals the test sends. */
export function fakeTerminal(person?: Person) {
  let asked = 0;
  const listeners = new Set<(signal: StopSignal) => void>();
  const printed = { out: '', err: '', quits: [] as number[] };
  const terminal: Terminal = {
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    interactive: person !== undefined,
    ask: async (question) => {
      printed.err += question;
      return person?.answers[asked++];
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

export const neverCheck: CheckStores = () => {
  throw new Error('a folder was checked');
};

export const neverMigrate: Migrations = {
  plan: () => Promise.reject(new Error('a database was looked at')),
  apply: () => Promise.reject(new Error('a database was migrated')),
};

export const neverImport: ImportStore = async () => {
  throw new Error('a store was imported');
};

export interface Run {
  readonly start?: Start;
  readonly checkStores?: CheckStores;
  readonly migrations?: Migrations;
  readonly importStore?: ImportStore;
  readonly clock?: Clock;
  /** Nobody sits at the terminal unless somebody is named. */
  readonly person?: Person;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of `files`, where there are real ones. */
  readonly readFile?: ReadFile;
}

/** Begins to run the program: `code` is for when it ends, `send` for signals until then. */
export function begin(argv: readonly string[], options: Run = {}) {
  const {
    start = neverStart,
    checkStores = neverCheck,
    migrations = neverMigrate,
    importStore = neverImport,
  } = options;
  const { env = {}, files = {}, clock, person } = options;
  const readFile = options.readFile ?? ((path: string) => files[path]);
  const { terminal, printed, send, listeners } = fakeTerminal(person);
  const sources = { env: { HOME: '/home/ann', ...env }, cwd: '/here', readFile };
  const code = runProgram(argv, {
    start,
    checkStores,
    migrations,
    importStore,
    sources,
    terminal,
    ...(clock && { clock }),
  });
  return { code, printed, send, listeners };
}

/** Runs the program to its end. */
export async function run(argv: readonly string[], options: Run = {}) {
  const { code, printed } = begin(argv, options);
  return { code: await code, ...printed };
}
