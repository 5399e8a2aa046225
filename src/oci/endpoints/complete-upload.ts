import { completeUpload } from '../../registry/layer/complete-upload.ts';
import { type Answer, authorize, type Call, hasBody } from '../call.ts';
import { blobHeaders } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { getDigest } from '../query.ts';
import { orWhereItStands, receiveChunk } from '../receive-chunk.ts';

/**
 * Makes the upload a blob. The body, if there is one, is its last chunk, or all of it.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `InvalidDigest`, `InvalidLayer`, `UploadTooLarge`, `AccessDenied`
 */
export async function completeBlobUpload(
  edge: Pick<OciEdge, 'metadata' | 'blobs' | 'uploads' | 'clock' | 'retention' | 'authorizer'>,
  call: Call<'upload'>,
): Promise<Answer> {
  const digest = getDigest(call.query, 'digest');
  return orWhereItStands(call, async () => {
    if (hasBody(call) || call.headers['content-range'] !== undefined) {
      await authorize(edge, call, 'ecr:UploadLayerPart', call.target.repositoryName);
      await receiveChunk(edge, call);
    }
    await completeUpload(edge, call.target, digest);
    return { status: 201, headers: blobHeaders(call, digest) };
  });
}
