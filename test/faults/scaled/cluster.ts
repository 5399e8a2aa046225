import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BerthOptions, type BerthProcess, startBerth } from '../../support/berth-process.ts';
import { type PostgresCluster, startPostgres } from '../../support/postgres/cluster.ts';
import { S3Process } from '../../support/s3/s3-process.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';
import { Dice } from '../load/dice.ts';
import { type CutProxy, startCutProxy } from './cut-proxy.ts';
import { SeveralServers } from './several-servers.ts';

/** What all keys begin with in the bucket. */
const PREFIX = 'registry';
/** The key of an object that is no blob: it says which database the bucket belongs to. */
export const STORE_ID = `${PREFIX}/store-id`;

export interface ClusterOptions {
  readonly processes: number;
  readonly seed: string;
  /** Where its folders are made. */
  readonly folder?: string | undefined;
  /** Of `berth serve`, for every process. */
  readonly flags: readonly string[];
  /** What to plant in a process when it is started. */
  readonly planted?: (number: number) => BerthOptions;
}

/** One process, and its networks to what it stands on. */
export interface Member {
  readonly number: number;
  /** What its connections to the database are called there. */
  readonly name: string;
  readonly database: CutProxy;
  readonly store: CutProxy;
  /** `undefined` while it is not running. */
  berth: BerthProcess | undefined;
  /** Whether clients are sent elsewhere. */
  isOut: boolean;
}

/** Processes that are one registry over one PostgreSQL server and one S3 server, each of which can be hurt by itself. */
export class Cluster implements AsyncDisposable {
  readonly postgres: PostgresCluster;
  readonly s3: S3Process;
  readonly bucket: string;
  readonly databaseUrl: string;
  readonly members: Member[] = [];
  readonly #options: ClusterOptions;
  readonly #folder: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    options: ClusterOptions,
    parts: Pick<Cluster, 'postgres' | 's3' | 'bucket' | 'databaseUrl'> & {
      folder: TempFolder;
      stack: AsyncDisposableStack;
    },
  ) {
    this.#options = options;
    this.postgres = parts.postgres;
    this.s3 = parts.s3;
    this.bucket = parts.bucket;
    this.databaseUrl = parts.databaseUrl;
    this.#folder = parts.folder.path;
    this.#stack = parts.stack;
  }

  /** Starts everything, over nothing: the processes meet in an empty database. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await tempFolder(options.folder));
    const postgres = stack.use(
      await startPostgres({ durable: true, ...(options.folder !== undefined && { parent: options.folder }) }),
    );
    const s3 = stack.use(await S3Process.start('versitygw'));
    const bucket = await s3.freshBucket();
    const databaseUrl = await postgres.freshDatabase();
    const cluster = new Cluster(options, {
      postgres,
      s3,
      bucket,
      databaseUrl,
      folder,
      stack: new AsyncDisposableStack(),
    });
    for (let number = 0; number < options.processes; number++) {
      const database = stack.use(await startCutProxy(postgres.port));
      const store = stack.use(await startCutProxy(Number(new URL(s3.endpoint).port)));
      cluster.members.push({ number, name: `berth-${number}`, database, store, berth: undefined, isOut: false });
    }
    stack.defer(() => cluster.#endAll());
    await Promise.all(cluster.members.map((member) => cluster.startMember(member)));
    cluster.#stack.use(stack.move());
    return cluster;
  }

  /** Starts the process of this member, which is not running, with something planted in it or with what all have. */
  async startMember(member: Member, planted = this.#options.planted?.(member.number) ?? {}): Promise<void> {
    const { flags } = this.#options;
    const database = new URL(this.databaseUrl);
    database.port = String(member.database.port);
    database.searchParams.set('application_name', member.name);
    // A folder that it has no use for, but would find by itself.
    const dataDir = join(this.#folder, member.name);
    await mkdir(dataDir, { recursive: true });
    const where = ['--data-dir', dataDir, '--database', database.href, '--blobs', `s3://${this.bucket}/${PREFIX}`];
    const store = ['--s3-endpoint', `http://127.0.0.1:${member.store.port}`, '--s3-region', 'us-east-1'];
    const ways = ['--s3-public-endpoint', this.s3.endpoint, '--s3-path-style', '--blob-redirects'];
    member.berth = await startBerth([...where, ...store, ...ways, ...flags], {
      ...planted,
      env: { ...this.#keys, ...planted.env },
    });
  }

  /** Ends the process of this member where it stands. */
  async killMember(member: Member): Promise<void> {
    const { berth } = member;
    member.berth = undefined;
    await berth?.kill('SIGKILL');
  }

  /** The origins of the processes that run and that clients are sent to. */
  origins(): string[] {
    return this.members.flatMap(({ berth, isOut }) => (berth && !isOut ? [berth.origin] : []));
  }

  /** The way into the registry, through whichever process. */
  door(): SeveralServers {
    return new SeveralServers({ origins: () => this.origins(), dice: new Dice(`${this.#options.seed} door`) });
  }

  /** The way into the registry through each process that runs. */
  doors(): SeveralServers[] {
    return this.origins().map((origin) => new SeveralServers({ origins: () => [origin], dice: new Dice('one') }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  /** The key of the S3 server, where the AWS chain finds it. */
  get #keys() {
    const { accessKeyId, secretAccessKey } = this.s3.credentials;
    return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  }

  /** A process that was stopped could not end by itself. */
  async #endAll(): Promise<void> {
    for (const member of this.members) {
      member.database.heal();
      member.store.heal();
      await this.killMember(member);
    }
  }
}
