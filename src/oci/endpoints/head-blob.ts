import { Fault } from '../../model/fault.ts';
import { promiseBlobs } from '../../registry/layer/find-blobs.ts';
import { namesOf } from '../../registry/repository/repository-path.ts';
import { isKnown, notModified } from '../caching.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';
import { describeBlob } from '../serve-blob.ts';

/**
 * Whether the repository has the blob. "Yes" is a promise: the client will not upload it and then push an image that names
 * it, so the blob stays for that long.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`
 */
export async function headBlob(
  edge: Pick<OciEdge, 'metadata' | 'blobs' | 'clock' | 'retention'>,
  { target, headers }: Call<'blob'>,
): Promise<Answer> {
  const [blob] = await promiseBlobs(edge, target, [target.digest]);
  if (blob) {
    const described = describeBlob(blob);
    return isKnown(headers['if-none-match'], blob.digest)
      ? notModified(described)
      : { status: 200, headers: described };
  }
  throw new Fault('BlobUnknown', { ...namesOf(target), digest: target.digest });
}
