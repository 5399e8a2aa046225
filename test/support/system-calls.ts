import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

/** Why system calls cannot be watched on this machine; `undefined` when they can. */
export function whyNoSystemCalls(): string | undefined {
  const { error, status } = spawnSync('strace', ['-f', '-o', '/dev/null', process.execPath, '--version']);
  if (error) return 'strace is not installed';
  return status === 0 ? undefined : 'strace is not allowed to watch processes here';
}

export interface Watched {
  /** Names of system calls. */
  readonly calls: readonly string[];
  readonly script: string;
  readonly parameters: readonly string[];
  /** Makes every `call` that touches `path` fail with `error`, as strace's `inject` does; only those are watched then. */
  readonly failing?: { readonly call: string; readonly error: string; readonly path: string };
}

export interface Watch {
  /** As strace writes them, in the order they came to an end. */
  readonly calls: readonly string[];
  readonly stdout: string;
}

/** Runs a script under Node and answers what it asked of the system. */
export async function systemCallsOf({ calls, script, parameters, failing }: Watched): Promise<Watch> {
  await using folder = await tempFolder();
  const output = join(folder.path, 'calls');
  const inject = failing ? ['-P', failing.path, '-e', `inject=${failing.call}:error=${failing.error}`] : [];
  const watch = ['-f', '-y', '-s', '200', '-e', `trace=${calls.join(',')}`, ...inject, '-o', output];
  const { status, stderr, stdout } = spawnSync('strace', [...watch, process.execPath, script, ...parameters], {
    env: { ...process.env, UV_USE_IO_URING: '0' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The script failed: ${stderr}`);
  const begun = new Map<string, string>();
  const ended: string[] = [];
  for (const line of (await readFile(output, 'utf8')).split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (text.endsWith('<unfinished ...>')) begun.set(thread, text.slice(0, -'<unfinished ...>'.length));
    else if (resumed !== undefined) ended.push((begun.get(thread) ?? '') + resumed);
    else if (/^\w+\(/.test(text)) ended.push(text);
  }
  return { calls: ended, stdout };
}
