import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A program of somebody else's, found on this machine. */
export interface Client {
  readonly path: string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The working directory; without it, that of the tests. */
  readonly cwd?: string;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The client of this name, from `PATH` or a given place; `undefined` if this machine has none. */
export async function findClient(
  name: string,
  folders = (process.env['PATH'] ?? '').split(delimiter),
): Promise<Client | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isThere(path)) return { path, run: (args, options) => run(path, args, options) };
  }
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Runs to the end, whatever the exit code. The environment is only what is given, so that no setting of the machine leaks in. */
function run(path: string, args: readonly string[], { env = {}, input, cwd }: RunOptions = {}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const child = execFile(
    path,
    [...args],
    { env: { ...inherited, ...env }, maxBuffer: 16e6, ...(cwd !== undefined && { cwd }) },
    (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    },
  );
  // A client may end without reading what it was given.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  return promise;
}
