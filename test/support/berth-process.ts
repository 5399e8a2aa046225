import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, as `npm start` runs it. */
export interface BerthProcess extends AsyncDisposable {
  readonly origin: string;
  readonly pid: number;
  /** The last of what it has said on stderr. */
  said(): string;
  /** Sends the signal and waits for the end; answers the exit code, `null` when the signal itself ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void;
  /** Fulfils when it has ended, for whatever reason, with its exit code, `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
}

export interface BerthOptions {
  /** A module for Node to load before the program: something planted. */
  readonly preload?: URL;
  /** Kills it where it stands, ready or not. */
  readonly signal?: AbortSignal;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears all that it says on stderr, as it comes. */
  readonly onSaid?: (text: string) => void;
}

/** Starts `berth serve` with these flags and waits until it says that it is ready. Disposing stops it and waits for its end. */
export async function startBerth(flags: readonly string[], options: BerthOptions = {}): Promise<BerthProcess> {
  const program = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
  const planted = options.preload ? ['--import', options.preload.href] : [];
  const berth = spawn(
    process.execPath,
    [...planted, program, 'serve', '--port', '0', '--log-level', 'warn', ...flags],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment(), ...options.env },
      ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' as const }),
    },
  );
  // Says that the signal came, which whoever gave it knows; a program that cannot be run ends before it is ready.
  berth.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => berth.once('exit', resolve));
  // Later than its end: when all that it said has been read.
  const closed = new Promise<void>((resolve) => berth.once('close', () => resolve()));
  // Shown only when it does not start, or to who asks: a test, a demonstration or a benchmark has its own to say.
  let said = '';
  berth.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-10_000);
    options.onSaid?.(chunk.toString());
  });
  return {
    origin: await originOf(berth).catch(async (error: Error) => {
      await closed;
      throw new Error(`${error.message}: ${said}`);
    }),
    pid: berth.pid ?? 0,
    said: () => said,
    kill: (signal) => kill(berth, signal),
    signal: (signal) => {
      berth.kill(signal);
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      await kill(berth, 'SIGTERM');
    },
  };
}

/** What is said to the tests is not said to the server, which refuses what it does not know. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BERTH_TEST_')));
}

async function originOf(berth: ChildProcess): Promise<string> {
  if (!berth.stdout) throw new Error('berth has no output to read');
  let origin: string | undefined;
  for await (const line of createInterface({ input: berth.stdout })) {
    origin ??= /^\s*Endpoint\s+(\S+)/.exec(line)?.[1];
    if (line.startsWith('Ready') && origin !== undefined) return origin;
  }
  throw new Error('berth ended before it was ready');
}

async function kill(berth: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (berth.exitCode === null && berth.signalCode === null) {
    // Not events.once, which fails when a signal of `options` comes in between.
    const ended = new Promise<void>((resolve) => berth.once('exit', () => resolve()));
    berth.kill(signal);
    await ended;
  }
  return berth.exitCode;
}
