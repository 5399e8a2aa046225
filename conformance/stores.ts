import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres/cluster.ts';
import { NO_POSTGRES } from '../test/support/postgres/databases.ts';
import { startAnyS3 } from '../test/support/s3/start-any-s3.ts';

/** Where a server of the suite keeps what is pushed to it. */
export interface StoresOfSuite extends AsyncDisposable {
  readonly name: string;
  /** For a server of its own, below a folder of its own. */
  place(folder: string): Promise<{ readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> }>;
}

export const embedded: StoresOfSuite = {
  name: 'SQLite and files',
  place: async (folder) => ({ flags: ['--data-dir', join(folder, 'data')], env: {} }),
  [Symbol.asyncDispose]: async () => {},
};

/** PostgreSQL and S3, or why there are none. */
export async function startScaled(): Promise<StoresOfSuite | string> {
  if (NO_POSTGRES) return NO_POSTGRES;
  await using starting = new AsyncDisposableStack();
  const cluster = starting.use(await startPostgres());
  const s3 = starting.use(await startAnyS3());
  const started = starting.move();
  return {
    name: 'PostgreSQL and S3',
    place: async () => ({
      flags: [
        ...['--database', await cluster.freshDatabase(), '--blobs', `s3://${await s3.freshBucket()}/conformance`],
        // The suite follows a redirect and takes the bucket's answer for the registry's, which has headers of its own.
        ...['--s3-endpoint', s3.endpoint, '--s3-path-style', '--no-blob-redirects'],
      ],
      env: { AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey },
    }),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
