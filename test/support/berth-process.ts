import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, as `npm start` runs it. */
export interface BerthProcess extends AsyncDisposable {
  readonly origin: string;
  readonly pid: number;
  /** The last of what it has said on stderr. */
  said(): string;
  /** Fulfils when it has ended, with its exit code, `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and waits for the end; answers the exit code, `null` when the signal itself ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `berth serve` with these flags and waits until it says that it is ready. Disposing stops it and waits for its end. */
export async function startBerth(flags: readonly string[]): Promise<BerthProcess> {
  const program = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
  const berth = spawn(process.execPath, [program, 'serve', '--port', '0', '--log-level', 'warn', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Shown only when it does not start, or to who asks: a test, a demonstration or a benchmark has its own to say.
  let said = '';
  berth.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-10_000);
  });
  const ended = once(berth, 'exit').then(() => berth.exitCode);
  return {
    origin: await originOf(berth).catch((error: Error) => {
      throw new Error(`${error.message}: ${said}`);
    }),
    pid: berth.pid ?? 0,
    said: () => said,
    ended,
    kill: (signal) => kill(berth, signal),
    [Symbol.asyncDispose]: async () => {
      await kill(berth, 'SIGTERM');
    },
  };
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
    const ended = once(berth, 'exit');
    berth.kill(signal);
    await ended;
  }
  return berth.exitCode;
}
