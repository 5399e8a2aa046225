import { type PostgresCluster, startPostgres } from '../test/support/postgres/cluster.ts';
import { NO_POSTGRES } from '../test/support/postgres/databases.ts';
import { startAnyS3 } from '../test/support/s3/start-any-s3.ts';

/** PostgreSQL and an S3 server for servers under test. */
export interface ScaledStores extends AsyncDisposable {
  readonly kind: string;
  /**
   * Flags of `berth serve` that lead to a database and a bucket of its own. Bytes go through Berth: the suite follows redirects,
   * and then asks the object store for a header that only registries have.
   */
  flags(): Promise<string[]>;
  /** What has to be in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Why there are none on this machine. */
export const NO_SCALED_STORES = NO_POSTGRES;

export async function startScaledStores(): Promise<ScaledStores> {
  await using starting = new AsyncDisposableStack();
  const cluster: PostgresCluster = starting.use(await startPostgres());
  const s3 = starting.use(await startAnyS3());
  const started = starting.move();
  return {
    kind: `PostgreSQL and ${s3.kind}`,
    flags: async () => [
      ...['--database', await cluster.freshDatabase(), '--blobs', `s3://${await s3.freshBucket()}/berth`],
      ...['--s3-endpoint', s3.endpoint, '--s3-path-style', '--no-blob-redirects'],
    ],
    env: {
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
