import process from 'node:process';
import { parseArgs } from 'node:util';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';

/** In milliseconds. */
const OLD = 500;

/** Beside the server, something erases what no row names: by a list of rows that it has made a moment before. */
const { values } = parseArgs({
  args: process.argv.slice(2),
  strict: false,
  options: { database: { type: 'string' }, blobs: { type: 'string' }, 's3-endpoint': { type: 'string' } },
});
const { hostname: bucket } = new URL(String(values.blobs));
const s3 = new S3Client({ endpoint: String(values['s3-endpoint']), region: 'us-east-1', forcePathStyle: true });

setInterval(() => sweep().catch(() => undefined), 2 * OLD).unref();

async function sweep(): Promise<void> {
  const known = await namesInRows();
  await new Promise((resolve) => setTimeout(resolve, OLD));
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  const Objects = Contents.flatMap(({ Key = '' }) => {
    const name = Key.slice(Key.lastIndexOf('/') + 1);
    return name === 'store-id' || known.has(name) ? [] : [{ Key }];
  });
  if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
}

async function namesInRows(): Promise<Set<string>> {
  const client = new pg.Client(String(values.database));
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT storage_key AS name FROM blob UNION SELECT storage_key FROM upload
       UNION SELECT storage_key FROM upload_name UNION SELECT storage_key FROM gc_trash`,
    );
    return new Set(rows.map(({ name }) => name));
  } finally {
    await client.end();
  }
}
