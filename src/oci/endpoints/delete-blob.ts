import { deleteBlob } from '../../registry/layer/delete-blob.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';

/**
 * Deletes a blob that no image of the repository names.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`, `BlobReferenced`
 */
export async function deleteRepositoryBlob(
  edge: Pick<OciEdge, 'metadata' | 'clock' | 'retention'>,
  { target }: Call<'blob'>,
): Promise<Answer> {
  await deleteBlob(edge, target, target.digest);
  return { status: 202 };
}
