import process from 'node:process';
import { systemSources } from '../../config/system-sources.ts';
import { systemClock } from '../../model/clock.ts';
import { packageVersion } from '../version.ts';
import { answer } from './answer.ts';

/** Far above any password, and any address. */
const MAX_INPUT = 64 * 1024;

/** The program `docker-credential-berth`: `argv` is what stands after it. Answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [command] = argv;
  const input = ['get', 'store', 'erase'].includes(command ?? '') ? await readInput() : '';
  const { code, out } = await answer(command, input, {
    sources: systemSources(),
    clock: systemClock,
    version: packageVersion(),
  });
  process.stdout.write(out);
  return code;
}

async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_INPUT) break;
  }
  return text;
}
