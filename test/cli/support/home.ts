import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../../support/temp-folder.ts';

const HELPER = fileURLToPath(new URL('../../../bin/docker-credential-berth.js', import.meta.url));

/** A user's home folder, with a folder of programs that is the whole `PATH` of their shell. */
export interface Home extends AsyncDisposable {
  readonly path: string;
  readonly bin: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where docker's configuration is. */
  readonly dockerConfig: string;
  write(name: string, text: string, mode?: number): Promise<string>;
  read(name: string): Promise<string>;
  json(name: string): Promise<Record<string, unknown>>;
  mode(name: string): Promise<number>;
  /** Puts a program on the `PATH`, as a script of the shell. */
  program(name: string, script: string): Promise<void>;
  /** Puts our helper on the `PATH`. */
  installHelper(): Promise<void>;
}

export async function homeOf(): Promise<Home> {
  const folder = await tempFolder();
  const { path } = folder;
  const bin = join(path, 'programs');
  await mkdir(bin);
  const write = async (name: string, text: string, mode = 0o600) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
    await chmod(join(path, name), mode);
    return join(path, name);
  };
  const program = async (name: string, script: string) => {
    await write(`programs/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  };
  return {
    path,
    bin,
    env: { HOME: path, PATH: bin },
    dockerConfig: '.docker/config.json',
    write,
    read: (name) => readFile(join(path, name), 'utf8'),
    json: async (name) => JSON.parse(await readFile(join(path, name), 'utf8')) as Record<string, unknown>,
    mode: async (name) => (await stat(join(path, name))).mode & 0o777,
    program,
    installHelper: () => program('docker-credential-berth', `exec '${process.execPath}' '${HELPER}' "$@"`),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
