import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../free-port.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';
import { CREDENTIALS, type TestS3 } from './test-s3.ts';

/** The key that MinIO encrypts with, when it is asked to. */
export const MINIO_KEY = 'berth-test';

/** Real S3 servers that the tests know how to start. `install.sh` beside this file builds them where Go is. */
export const SERVERS = {
  versitygw: {
    variable: 'TEST_VERSITYGW',
    args: (address: string, folder: string) => [
      ...['--port', address, '--access', CREDENTIALS.accessKeyId, '--secret', CREDENTIALS.secretAccessKey],
      ...['--quiet', '--keep-alive', 'posix', folder],
    ],
    env: {},
  },
  minio: {
    variable: 'TEST_MINIO',
    args: (address: string, folder: string) => ['server', '--quiet', '--address', address, folder],
    env: {
      MINIO_ROOT_USER: CREDENTIALS.accessKeyId,
      MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      // Room that is asked for before each write is the machine's to give, not the test's to have.
      MINIO_CI_CD: '1',
      MINIO_KMS_SECRET_KEY: `${MINIO_KEY}:${Buffer.alloc(32, 7).toString('base64')}`,
    },
  },
} as const;

export type ServerName = keyof typeof SERVERS;

/** Where the program is: where its variable says, on the PATH, or where Go puts what it builds; nothing where it is not. */
export function findServer(name: ServerName): string | undefined {
  const named = process.env[SERVERS[name].variable];
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...goFolders()];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export function whyNoServer(name: ServerName): string | undefined {
  if (findServer(name)) return undefined;
  return `${name} is not on this machine: test/support/s3/install.sh builds it where Go is, or ${SERVERS[name].variable} says where it is`;
}

/** A server of its own, with everything in a folder of its own. */
export class S3Process implements TestS3 {
  readonly kind: ServerName;
  readonly credentials = CREDENTIALS;
  readonly endpoint: string;
  readonly #path: string;
  readonly #folder: TempFolder;
  readonly #address: string;
  #server: ChildProcess | undefined;
  #said = '';
  #buckets = 0;

  private constructor(kind: ServerName, path: string, folder: TempFolder, port: number) {
    this.kind = kind;
    this.#path = path;
    this.#folder = folder;
    this.#address = `127.0.0.1:${port}`;
    this.endpoint = `http://${this.#address}`;
  }

  static async start(kind: ServerName): Promise<S3Process> {
    const path = findServer(kind);
    if (path === undefined) throw new Error(whyNoServer(kind));
    const server = new S3Process(kind, path, await tempFolder(), await freePort());
    await mkdir(server.#data);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it, again after it was stopped, on the same port and with what it has stored. */
  async start(): Promise<void> {
    const { args, env } = SERVERS[this.kind];
    const home = { HOME: this.#folder.path, PATH: process.env['PATH'] ?? '' };
    const server = spawn(this.#path, args(this.#address, this.#data), {
      env: { ...home, ...env },
      cwd: this.#folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = server;
    for (const output of [server.stdout, server.stderr]) {
      output?.on('data', (chunk: Buffer) => {
        this.#said = (this.#said + chunk).slice(-10_000);
      });
    }
    while (!(await this.#answers())) {
      if (server.exitCode !== null) throw new Error(`${this.kind} ended: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.kill(signal);
    await ended;
  }

  async freshBucket(): Promise<string> {
    const name = `bucket-${++this.#buckets}`;
    const { endpoint, credentials } = this;
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    try {
      await client.send(new CreateBucketCommand({ Bucket: name }));
    } finally {
      client.destroy();
    }
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#folder[Symbol.asyncDispose]();
  }

  get #data(): string {
    return join(this.#folder.path, 'data');
  }

  /** Any answer will do, but for that it is not ready yet. */
  async #answers(): Promise<boolean> {
    try {
      return (await fetch(this.endpoint, { signal: AbortSignal.timeout(1_000) })).status < 500;
    } catch {
      return false;
    }
  }
}

function goFolders(): string[] {
  const own = [process.env['GOBIN'] ?? '', join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'bin')];
  try {
    const said = execFileSync('go', ['env', 'GOBIN', 'GOPATH'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [bin = '', path = ''] = said.split('\n');
    return [...own, bin, join(path, 'bin')].filter((folder) => folder !== '');
  } catch {
    return own.filter((folder) => folder !== '');
  }
}
