import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BerthProcess, startBerth } from '../../test/support/berth-process.ts';
import { findPostgres, type PostgresCluster, startPostgres } from '../../test/support/postgres/cluster.ts';
import { S3Process, whyNoServer } from '../../test/support/s3/s3-process.ts';
import { processorSeconds } from '../data/process-state.ts';

/** Berth as it is installed: so many processes over one store. */
export interface Installation extends AsyncDisposable {
  readonly name: string;
  readonly origins: readonly string[];
  /** What each part has computed so far, in seconds of a processor. */
  computed(): Promise<Readonly<Record<string, number>>>;
}

/** A PostgreSQL that forces every commit to the disk, and an S3. */
export interface Services extends AsyncDisposable {
  readonly postgres: PostgresCluster;
  readonly s3: S3Process;
}

/** Why there are no services on this machine; nothing where there are. */
export function whyNoServices(): string | undefined {
  return findPostgres() === undefined ? 'PostgreSQL’s server is not on this machine' : whyNoServer('versitygw');
}

export async function startServices(parent: string): Promise<Services> {
  await using starting = new AsyncDisposableStack();
  const postgres = starting.use(await startPostgres({ durable: true, parent }));
  const s3 = starting.use(await S3Process.start('versitygw'));
  const started = starting.move();
  return { postgres, s3, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** One process with everything in a folder. */
export async function startEmbedded(folder: string): Promise<Installation> {
  const berth = await startBerth(['--data-dir', join(folder, 'embedded'), ...QUIET]);
  return {
    name: 'one process, SQLite and files',
    origins: [berth.origin],
    computed: async () => ({ berth: await processorSeconds([berth.pid]) }),
    [Symbol.asyncDispose]: () => berth[Symbol.asyncDispose](),
  };
}

/** So many processes over a database and a bucket of their own. */
export async function startShared({ postgres, s3 }: Services, processes: number): Promise<Installation> {
  await using starting = new AsyncDisposableStack();
  const bucket = await s3.freshBucket();
  const flags = [
    ...['--database', await postgres.freshDatabase(), '--blobs', `s3://${bucket}/berth`],
    ...['--s3-endpoint', s3.endpoint, '--s3-region', 'us-east-1', '--s3-path-style'],
    ...QUIET,
  ];
  const env = {
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
  const berths: BerthProcess[] = [];
  // One after the other: the first one makes the tables.
  for (let number = 0; number < processes; number++) berths.push(starting.use(await startBerth(flags, { env })));
  const started = starting.move();
  return {
    name: `${processes === 1 ? 'one process' : `${processes} processes`}, PostgreSQL and S3`,
    origins: berths.map(({ origin }) => origin),
    computed: async () => ({
      berth: await processorSeconds(berths.map(({ pid }) => pid)),
      postgres: await processorSeconds(await familyOf(postgres.pid)),
      s3: await processorSeconds(s3.pid === undefined ? [] : [s3.pid]),
    }),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** What waits to be collected is not what is measured. */
const QUIET = ['--log-level', 'error', '--gc-interval', '1h'];

/** A process and those it has started: PostgreSQL has one for each connection. */
async function familyOf(pid: number | undefined): Promise<number[]> {
  if (pid === undefined) return [];
  const children: number[] = [pid];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(pid)) children.push(Number(name));
  }
  return children;
}
