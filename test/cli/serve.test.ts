import { expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { Start } from '../../src/cli/running-server.ts';
import type { StopSignal, Terminal } from '../../src/cli/terminal.ts';
import type { Settings } from '../../src/config/settings.ts';
import { StartupRefusal } from '../../src/config/startup-refusal.ts';
import { fakeTerminal, neverCheck, neverImport, neverMigrate, run } from './fake-terminal.ts';

const SOURCES = { env: { HOME: '/home/ann' }, cwd: '/here', readFile: () => undefined };

/** Runs the program, which starts servers so. */
function runWith(argv: readonly string[], start: Start, terminal: Terminal): Promise<number> {
  const parts = { start, checkStores: neverCheck, migrations: neverMigrate, importStore: neverImport };
  return runProgram(argv, { ...parts, sources: SOURCES, terminal });
}

/** Starts `berth serve` on a server that answers nobody; `ready` is when it was told so. */
function serving(
  argv: readonly string[] = [],
  close: () => Promise<void> = async () => {},
  failed: Promise<Error> = new Promise(() => {}),
) {
  const { terminal, printed, send, listeners } = fakeTerminal();
  const started = Promise.withResolvers<Settings>();
  const start: Start = async (settings) => {
    started.resolve(settings);
    return { address: { host: settings.host, port: 5123, origin: 'http://localhost:5123' }, failed, close };
  };
  const code = runWith(['serve', ...argv], start, terminal);
  return { code, printed, send, listeners, started: started.promise };
}

test('serve hands the settings to the server and prints one block that ends in Ready.', async () => {
  const { code, printed, send, started } = serving(['--port', '0', '--region', 'eu-west-1', '--data-dir', 'images']);
  expect(await started).toMatchObject({ port: 0, region: 'eu-west-1', dataDir: '/here/images' });
  await Promise.resolve();
  send('SIGTERM');
  expect(await code).toBe(0);
  const lines = printed.out.split('\n').map((line) => line.trim());
  for (const line of [
    'Endpoint     http://localhost:5123',
    'Data folder  /here/images',
    'Account      000000000000',
    'Region       eu-west-1',
    'Profile      local',
    'export AWS_ENDPOINT_URL_ECR=http://localhost:5123',
    'export AWS_ACCESS_KEY_ID=test',
    'export AWS_SECRET_ACCESS_KEY=test',
    'export AWS_REGION=eu-west-1',
    'export AWS_DEFAULT_REGION=eu-west-1',
    'unset AWS_SESSION_TOKEN AWS_PROFILE',
    'aws ecr get-login-password | docker login --username AWS --password-stdin localhost:5123',
  ]) {
    expect(lines).toContain(line);
  }
  expect(printed.out.endsWith('\nReady.\n')).toBe(true);
  expect(printed.err).not.toContain('Warning');
});

test.each<StopSignal>(['SIGTERM', 'SIGINT'])(
  '%s drains: serve ends with 0 once the server has closed',
  async (signal) => {
    const closing = Promise.withResolvers<void>();
    const { code, printed, send, listeners, started } = serving([], () => closing.promise);
    await started;
    send(signal);
    let ended = false;
    void code.then(() => {
      ended = true;
    });
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    expect(printed.err).toContain(`${signal}: stopping, with up to 30 s for requests in flight.`);
    closing.resolve();
    expect(await code).toBe(0);
    expect(printed.quits).toEqual([]);
    expect(listeners.size).toBe(0);
  },
);

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a second signal, %s, ends the process at once', async (signal, exit) => {
  const { printed, send, started } = serving([], () => new Promise(() => {}));
  await started;
  send('SIGTERM');
  expect(printed.quits).toEqual([]);
  send(signal);
  expect(printed.quits).toEqual([exit]);
});

test('a disk that fails ends the process at once with 1 and a line that says why, without closing', async () => {
  const failing = Promise.withResolvers<Error>();
  let closed = false;
  const close = async () => {
    closed = true;
  };
  const { code, printed, started } = serving(['--data-dir', 'images'], close, failing.promise);
  await started;
  failing.resolve(new Error('disk I/O error'));
  expect(await code).toBe(1);
  expect(printed.quits).toEqual([1]);
  expect(printed.err).toMatch(
    /^error: the disk under \/here\/images has failed \(disk I\/O error\)\. Berth stops, .+\n$/,
  );
  expect(closed).toBe(false);
});

test('a disk that fails while requests are awaited ends the process all the same', async () => {
  const failing = Promise.withResolvers<Error>();
  const { code, printed, send, started } = serving([], () => new Promise(() => {}), failing.promise);
  await started;
  send('SIGTERM');
  failing.resolve(new Error('disk I/O error'));
  expect(await code).toBe(1);
  expect(printed.quits).toEqual([1]);
});

test('a signal while the server is still starting closes it as soon as it is up, without a block', async () => {
  const { terminal, printed, send } = fakeTerminal();
  const up = Promise.withResolvers<void>();
  let closed = false;
  const start: Start = async ({ host }) => {
    await up.promise;
    const close = async () => {
      closed = true;
    };
    return { address: { host, port: 1, origin: 'http://localhost:1' }, failed: new Promise(() => {}), close };
  };
  const code = runWith(['serve'], start, terminal);
  await new Promise(setImmediate);
  send('SIGINT');
  up.resolve();
  expect(await code).toBe(0);
  expect([closed, printed.out]).toEqual([true, '']);
});

test('profile production says that it is not available yet, and nothing starts', async () => {
  const { code, out, err } = await run(['serve', '--profile', 'production']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^error: profile: 'production' is not available in this version of Berth/);
});

test('listening beyond loopback in profile local comes with a warning', async () => {
  const { code, printed, send, started } = serving(['--host', '0.0.0.0']);
  await started;
  send('SIGTERM');
  await code;
  expect(printed.err).toMatch(/^Warning: listening on 0\.0\.0\.0 in profile local: /);
});

test.each(['localhost', '127.0.0.2', '::1', 'berth.localhost'])('listening on %s does not', async (host) => {
  const { code, printed, send, started } = serving(['--host', host]);
  await started;
  send('SIGTERM');
  await code;
  expect(printed.err).not.toContain('Warning');
});

test('a refusal to start is printed without a stack, exit code 1', async () => {
  const start: Start = async () => {
    throw new StartupRefusal('The data folder is in use by process 7.\nStop it first.');
  };
  expect(await run(['serve'], { start })).toMatchObject({
    code: 1,
    out: '',
    err: 'error: The data folder is in use by process 7.\nStop it first.\n',
  });
});

test('an error of ours is printed with its stack, exit code 1', async () => {
  const start: Start = async () => {
    throw new TypeError('undefined is not a registry');
  };
  const { code, err } = await run(['serve'], { start });
  expect(code).toBe(1);
  expect(err).toMatch(/^unexpected error: TypeError: undefined is not a registry\n {4}at /);
});

test('a server that fails to close makes the exit code 1', async () => {
  const { code, printed, send, started } = serving([], async () => {
    throw new Error('stuck');
  });
  await started;
  send('SIGTERM');
  expect(await code).toBe(1);
  expect(printed.err).toContain('unexpected error: Error: stuck');
});
