import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, as `npm start` runs it. */
export interface BerthProcess extends AsyncDisposable {
  readonly origin: string;
}

/** Starts `berth serve` with these flags and waits until it says that it is ready. Disposing stops it and waits for its end. */
export async function startBerth(flags: readonly string[]): Promise<BerthProcess> {
  const program = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
  const berth = spawn(process.execPath, [program, 'serve', '--port', '0', '--log-level', 'warn', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { origin: await originOf(berth), [Symbol.asyncDispose]: () => stop(berth) };
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

async function stop(berth: ChildProcess): Promise<void> {
  if (berth.exitCode !== null) return;
  berth.kill('SIGTERM');
  await once(berth, 'exit');
}
