import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const PROGRAM = new URL('./fixtures/berth-with-fake-server.ts', import.meta.url).pathname;

function berth(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { HOME: '/nowhere', ...env } });
  const printed = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed.err += text;
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const says = async (stream: 'stdout' | 'stderr', text: string) => {
    while (!(printed.out + printed.err).includes(text)) await once(child[stream], 'data');
  };
  return { child, printed, closed, says };
}

test('a process that serves ends with 0 on SIGTERM, and its stdout is the one block', async () => {
  const { child, printed, closed, says } = berth(['serve', '--shutdown-grace', '1ms']);
  await says('stdout', 'Ready.');
  child.kill('SIGTERM');
  expect(await closed).toEqual([0, null]);
  expect(printed.out).toMatch(/^Berth .*\nReady\.\n$/s);
  expect(printed.err).toMatch(/^SIGTERM: stopping/);
});

test('a second signal ends a process that is still draining', async () => {
  const { child, closed, says } = berth(['serve', '--shutdown-grace', '1h']);
  await says('stdout', 'Ready.');
  child.kill('SIGTERM');
  await says('stderr', 'stopping');
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
});

test('the environment and the working folder of the process are read', async () => {
  const { closed, printed } = berth(['config', 'show'], { BERTH_PORT: '77' });
  expect(await closed).toEqual([0, null]);
  expect(printed.out).toMatch(/^port +77 +BERTH_PORT$/m);
});

test('a config file that does not exist ends the process with 2', async () => {
  const { closed, printed } = berth(['serve', '--config', '/nowhere/berth.yaml']);
  expect(await closed).toEqual([2, null]);
  expect(printed.err).toBe('error: --config: there is no file /nowhere/berth.yaml\n');
});
