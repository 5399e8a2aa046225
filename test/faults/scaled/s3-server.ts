import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';

export const BUCKET = 'berth';
export const PREFIX = 'registry';
/** The key of an object that is no blob: it says which database the bucket belongs to. */
export const STORE_ID = `${PREFIX}/store-id`;
const KEY = { access: 'berthfaults', secret: 'berthfaultssecret' };

/** An S3 server of its own on loopback, over a folder. */
export interface S3Server extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  /** Its key, as the AWS chain finds it. */
  readonly env: Readonly<Record<string, string>>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

export function findVersitygw(): string | undefined {
  const gobin = process.env['GOBIN'] ?? '';
  const folders = [gobin, ...(process.env['PATH'] ?? '').split(delimiter), gopath()].filter((folder) => folder !== '');
  return [process.env['VERSITYGW'], ...folders.map((folder) => join(folder, 'versitygw'))].find(
    (path) => path !== undefined && existsSync(path),
  );
}

function gopath(): string {
  try {
    return join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin');
  } catch {
    return '';
  }
}

export async function startS3Server(folder: string): Promise<S3Server> {
  const program = findVersitygw();
  if (!program) throw new Error('versitygw is not here');
  await mkdir(join(folder, BUCKET), { recursive: true });
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async () => {
    const flags = ['--access', KEY.access, '--secret', KEY.secret, '--port', `127.0.0.1:${port}`, '--keep-alive'];
    server = spawn(program, [...flags, '--quiet', 'posix', folder], { stdio: 'ignore' });
    const ended = new Promise<never>((_, reject) => {
      server?.once('exit', () => reject(new Error('versitygw ended')));
    });
    ended.catch(() => undefined);
    await Promise.race([ended, answering(port)]);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => server?.once('exit', () => resolve()));
    server.kill(signal);
    await ended;
  };
  await start();
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    env: {
      AWS_ACCESS_KEY_ID: KEY.access,
      AWS_SECRET_ACCESS_KEY: KEY.secret,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    start,
    stop,
    [Symbol.asyncDispose]: () => stop('SIGKILL'),
  };
}

async function answering(port: number): Promise<void> {
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('connect', () => resolve(socket.destroy() !== undefined));
      socket.on('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port is free');
  return address.port;
}
