import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { StoredBytes, StoredFile } from '../blob-store.ts';
import type { Bucket } from './bucket.ts';
import { nameOf } from './layout.ts';
import { isNotImplemented, NotLikeS3 } from './s3-error.ts';

/** Everything below the prefix: objects, and gatherings of parts as far as the store lists those. */
export async function* listStored(bucket: Bucket): AsyncGenerator<StoredFile> {
  for await (const { Key = '', Size = 0, LastModified } of listObjects(bucket)) {
    if (Key === bucket.layout.storeId) continue;
    const key = bucket.layout.parse(Key);
    yield key === undefined
      ? { kind: 'foreign', name: bucket.layout.shorten(Key) }
      : { kind: 'blob', key, size: Size, modifiedAt: LastModified?.getTime() ?? 0 };
  }
  yield* listGatherings(bucket);
}

/**
 * Gatherings of parts, without a look at their sizes. Of some stores it is none: MinIO lists those of one name only, and ends
 * by itself those that nobody goes on with.
 */
export async function* listGatherings({ client, name, layout }: Bucket): AsyncGenerator<StoredBytes> {
  let after: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof ask>> = await ask(after);
    for (const { Key = '', UploadId: id, Initiated } of page?.Uploads ?? []) {
      const key = layout.parse(Key);
      if (key === undefined || id === undefined) continue;
      yield { kind: 'upload', key: nameOf({ key, id }), size: 0, modifiedAt: Initiated?.getTime() ?? 0 };
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page ?? {};
    after =
      IsTruncated === true && NextKeyMarker !== undefined
        ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker !== undefined && { UploadIdMarker: NextUploadIdMarker }) }
        : undefined;
  }

  async function ask(from: { readonly KeyMarker?: string; readonly UploadIdMarker?: string }) {
    try {
      return await client.send(new ListMultipartUploadsCommand({ Bucket: name, Prefix: layout.root, ...from }));
    } catch (error) {
      if (isNotImplemented(error)) return undefined;
      throw error;
    }
  }
}

async function* listObjects({ client, name, layout }: Bucket) {
  for (let token: string | undefined, more = true; more; ) {
    const page: Awaited<ReturnType<typeof ask>> = await ask(token);
    // An error in the body of a success would make an empty list.
    if (page.IsTruncated === undefined) throw new NotLikeS3();
    yield* page.Contents ?? [];
    more = page.IsTruncated === true;
    token = page.NextContinuationToken;
    if (more && token === undefined) throw new Error('The store does not say how its list goes on');
  }

  function ask(from: string | undefined) {
    const on = from !== undefined && { ContinuationToken: from };
    return client.send(new ListObjectsV2Command({ Bucket: name, Prefix: layout.root, ...on }));
  }
}
