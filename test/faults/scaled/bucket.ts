import { ListMultipartUploadsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { Cluster } from './cluster.ts';

/** What is in the bucket, as its server lists it. */
export interface Objects {
  /** Sizes in bytes, by key. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Keys of uploads in parts that have neither been completed nor aborted. */
  readonly uploads: readonly string[];
}

export async function objectsIn({ s3, bucket }: Pick<Cluster, 's3' | 'bucket'>): Promise<Objects> {
  const { endpoint, credentials } = s3;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  try {
    const sizes = new Map<string, number>();
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket })) {
      for (const { Key = '', Size = 0 } of Contents) if (!Key.endsWith('/')) sizes.set(Key, Size);
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return { sizes, uploads: Uploads.map(({ Key = '' }) => Key) };
  } finally {
    client.destroy();
  }
}
