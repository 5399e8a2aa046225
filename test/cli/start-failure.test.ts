import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { asRefusal } from '../../src/cli/start-failure.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { StartupRefusal } from '../../src/config/startup-refusal.ts';
import { run } from './fake-terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-start-'));
const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const settings = (flags: Record<string, string>) =>
  loadConfig({ flags, env: { HOME: '/home/ann' }, cwd: '/', readFile: () => undefined });

function systemError(code: string, extra: object): Error {
  return Object.assign(new Error(code), { code, ...extra });
}

async function listenOn(port: number, host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('a port that another process holds is refused with the way out', async () => {
  const port = await listenOn(0);
  const start = async () => {
    await listenOn(port);
    throw new Error('the port was free');
  };
  const { code, err } = await run(['serve', '--port', String(port)], { start });
  expect(code).toBe(1);
  expect(err).toBe(
    `error: Port ${port} on 127.0.0.1 is taken by another process.\nStop that process, or choose a port: --port 0 picks a free one.\n`,
  );
});

test('an address that is not of this machine is refused', async () => {
  const start = async () => {
    await listenOn(0, '192.0.2.1');
    throw new Error('the address was ours');
  };
  const { code, err } = await run(['serve', '--host', '192.0.2.1'], { start });
  expect(code).toBe(1);
  expect(err).toContain('error: 192.0.2.1 is not an address of this machine.\n');
});

test('a data folder below a file is refused', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const dataDir = join(file, 'data');
  const start = async () => {
    mkdirSync(dataDir, { recursive: true });
    throw new Error('the folder was made');
  };
  const { code, err } = await run(['serve', '--data-dir', dataDir], { start });
  rmSync(folder, { recursive: true });
  expect(code).toBe(1);
  expect(err).toMatch(
    /^error: The data folder .* cannot be used: .* is not a folder\.\nChoose another folder with --data-dir\.\n$/,
  );
});

test.each([
  ['EACCES', { syscall: 'listen' }, 'may not listen on port 80'],
  ['EACCES', { syscall: 'mkdir', path: '/srv' }, 'this user may not write /srv'],
  ['EROFS', { syscall: 'open', path: '/srv/berth/db' }, 'read-only'],
  ['ENOSPC', { syscall: 'write', path: '/srv/berth/db' }, 'disk is full'],
])('%s %j is explained', (code, extra, sentence) => {
  const refusal = asRefusal(systemError(code, extra), settings({ port: '80', dataDir: '/srv/berth' }));
  expect(refusal).toBeInstanceOf(StartupRefusal);
  expect(refusal?.message).toContain(sentence);
  expect(refusal?.message.split('\n')).toHaveLength(2);
});

test.each([
  ['EACCES', { syscall: 'open', path: '/etc/shadow' }],
  ['ENOENT', { syscall: 'open', path: '/srv/berth/db' }],
  ['EIO', { syscall: 'listen' }],
  ['SQLITE_CORRUPT', {}],
])('%s %j stays the error that it is', (code, extra) => {
  expect(asRefusal(systemError(code, extra), settings({ dataDir: '/srv/berth' }))).toBeUndefined();
});
