import { ListMultipartUploadsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { BUCKET, type S3Server } from './s3-server.ts';

/** What is in the bucket, as its server lists it. */
export interface Objects {
  /** Sizes in bytes, by key. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Keys of uploads in parts that have neither been completed nor aborted. */
  readonly uploads: readonly string[];
}

export async function objectsIn({ endpoint, env }: S3Server): Promise<Objects> {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
  });
  try {
    const sizes = new Map<string, number>();
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: BUCKET })) {
      for (const { Key = '', Size = 0 } of Contents) if (!Key.endsWith('/')) sizes.set(Key, Size);
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    return { sizes, uploads: Uploads.map(({ Key = '' }) => Key) };
  } finally {
    client.destroy();
  }
}
