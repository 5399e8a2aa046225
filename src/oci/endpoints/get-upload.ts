import { getUpload } from '../../registry/layer/upload-session.ts';
import type { Answer, Call } from '../call.ts';
import { uploadHeaders } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';

/** @throws Fault `RepositoryNotFound`, `UploadNotFound` */
export async function getUploadStatus(edge: Pick<OciEdge, 'metadata'>, call: Call<'upload'>): Promise<Answer> {
  return { status: 204, headers: uploadHeaders(call, await getUpload(edge, call.target)) };
}
