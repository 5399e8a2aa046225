import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const USER = 'berth';

/** A PostgreSQL server of its own on loopback, with everything in a folder of its own. */
export interface PostgresCluster extends AsyncDisposable {
  readonly port: number;
  /** Of the server, which has a process for each connection besides; undefined while it is stopped. */
  readonly pid: number | undefined;
  /** The address of a database of it. */
  url(database?: string): string;
  /** Makes an empty database and answers its address. */
  freshDatabase(): Promise<string>;
  /** Ends the server with this signal, SIGKILL for a crash, and waits until it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again in the same folder, on the same port. */
  start(): Promise<void>;
}

export interface ClusterOptions {
  /** Whether commits reach the disk before they are answered. Tests that ask what is stored need not wait for that. */
  readonly durable?: boolean;
  /** Lines of its configuration. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Text of files in its data folder, by their names. */
  readonly files?: Readonly<Record<string, string>>;
  readonly parent?: string;
}

/** Where the server's programs are, or `undefined` where there are none: the newest of Debian's, else those on the PATH. */
export function findPostgres(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...pathFolders()];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** Makes a cluster and starts it. */
export async function startPostgres(options: ClusterOptions = {}): Promise<PostgresCluster> {
  const programs = findPostgres();
  if (!programs) throw new Error('PostgreSQL’s server is not on this machine');
  const folder = await tempFolder(options.parent);
  try {
    const cluster = new Cluster(programs, folder, await freePort(), options);
    await cluster.create();
    await cluster.start();
    return cluster;
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

class Cluster implements PostgresCluster {
  readonly port: number;
  readonly #programs: string;
  readonly #folder: TempFolder;
  readonly #options: ClusterOptions;
  #server: ChildProcess | undefined;
  #said = '';
  #databases = 0;

  constructor(programs: string, folder: TempFolder, port: number, options: ClusterOptions) {
    this.#programs = programs;
    this.#folder = folder;
    this.port = port;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  url(database = 'postgres'): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/${database}`;
  }

  async freshDatabase(): Promise<string> {
    const name = `test_${process.pid}_${++this.#databases}_${Math.random().toString(36).slice(2, 8)}`;
    const client = new pg.Client(this.url());
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  async create(): Promise<void> {
    const owner = serverUser();
    if (owner) await chown(this.#folder.path, owner.uid, owner.gid);
    await mkdir(this.#data, { mode: 0o700 });
    if (owner) await chown(this.#data, owner.uid, owner.gid);
    const how = ['--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
    await run(join(this.#programs, 'initdb'), ['-D', this.#data, ...how], { ...owner, cwd: this.#folder.path });
    for (const [name, text] of Object.entries(this.#options.files ?? {})) {
      const path = join(this.#data, name);
      await writeFile(path, text, { mode: 0o600 });
      if (owner) await chown(path, owner.uid, owner.gid);
    }
  }

  async start(): Promise<void> {
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      ...(this.#options.durable !== true && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
      ...this.#options.settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(this.#programs, 'postgres'), ['-D', this.#data, ...flags], {
      ...serverUser(),
      cwd: this.#folder.path,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#server = server;
    server.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk).slice(-10_000);
    });
    const ended = new Promise<never>((_, reject) => {
      server.once('exit', () => reject(new Error(`PostgreSQL ended: ${this.#said}`)));
    });
    ended.catch(() => undefined);
    await Promise.race([ended, this.#answering()]);
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    const backends = signal === 'SIGKILL' ? childrenOf(server.pid) : [];
    server.kill(signal);
    // As when the machine goes: a backend that outlived its server would keep the folder.
    for (const pid of backends) killQuietly(pid);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGQUIT');
    await this.#folder[Symbol.asyncDispose]();
  }

  get #data(): string {
    return join(this.#folder.path, 'data');
  }

  async #answering(): Promise<void> {
    for (;;) {
      const client = new pg.Client({ connectionString: this.url(), connectionTimeoutMillis: 1_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (this.#server?.exitCode !== null && this.#server?.exitCode !== undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** The server does not run as root: whose it is then. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) throw new Error('PostgreSQL’s server does not run as root, and there is no user postgres or nobody');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children
      .trim()
      .split(' ')
      .filter((text) => text !== '')
      .map(Number);
  } catch {
    return [];
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
