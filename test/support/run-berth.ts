import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));

/** Runs a command in a process of its own, to its end. One that goes on for a minute has not done what it was to do. */
export function runBerth(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 60_000 };
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

/** Runs `berth serve` where it cannot start. */
export function refusedStart(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runBerth(['serve', '--port', '0', ...flags], env);
}
