import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

/** nginx in front of a server, by the configuration that docs/operations/front-server.md tells to use. */
export interface Nginx extends AsyncDisposable {
  readonly origin: string;
  /** Of the main process; its workers are its children. */
  readonly pid: number;
  /** The lines of its error log. */
  errors(): Promise<string>;
}

const DOCUMENT = new URL('../../docs/operations/front-server.md', import.meta.url);

/** Where nginx is, or why it cannot be used. */
export async function findNginx(): Promise<{ readonly version: string } | { readonly missing: string }> {
  try {
    const { stderr } = await promisify(execFile)('nginx', ['-v']);
    return { version: stderr.trim() };
  } catch {
    return { missing: 'nginx is not installed' };
  }
}

/** Starts it on a port of its own; everything it writes is in `folder`. `tuning` is put into the http block. */
export async function startNginx(
  folder: string,
  berth: { readonly origin: string; readonly dataDir: string },
  tuning = '',
): Promise<Nginx> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const [, documented = ''] = /```nginx\n(.*?)```/s.exec(await readFile(DOCUMENT, 'utf8')) ?? [];
  const site = documented
    .replace('127.0.0.1:4327', `127.0.0.1:${new URL(berth.origin).port}`)
    .replace('listen 80 ', `listen 127.0.0.1:${port} `)
    .replace('registry.example.com', 'localhost')
    .replace('/var/lib/berth/blobs/', `${berth.dataDir}/blobs/`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  const errorLog = join(folder, 'error.log');
  const config = join(folder, 'nginx.conf');
  // Workers are the user who may read the folder, which is whoever starts this.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(
    config,
    `${user} daemon off; worker_processes auto; pid ${join(folder, 'pid')}; error_log ${errorLog} warn;
events { worker_connections 512; }
http { access_log off; ${tuning} ${temporary.join(' ')}
${site} }`,
  );
  const nginx = spawn('nginx', ['-c', config, '-e', errorLog], { stdio: 'ignore' });
  const ended = once(nginx, 'exit');
  await untilItListens(port, ended);
  return {
    origin: `http://localhost:${port}`,
    pid: nginx.pid ?? 0,
    errors: () => readFile(errorLog, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      nginx.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilItListens(port: number, ended: Promise<unknown>): Promise<void> {
  let gone = false;
  ended.then(() => {
    gone = true;
  });
  while (!gone) {
    const answered = await fetch(`http://127.0.0.1:${port}/livez`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(10);
  }
  throw new Error('nginx ended before it listened');
}
