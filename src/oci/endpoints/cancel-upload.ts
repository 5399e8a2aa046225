import { cancelUpload } from '../../registry/layer/upload-session.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';

/** @throws Fault `RepositoryNotFound`, `UploadNotFound` */
export async function cancelBlobUpload(
  edge: Pick<OciEdge, 'metadata' | 'clock'>,
  { target }: Call<'upload'>,
): Promise<Answer> {
  await cancelUpload(edge, target);
  return { status: 204 };
}
