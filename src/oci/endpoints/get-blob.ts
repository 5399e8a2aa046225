import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';
import { serveBlob } from '../serve-blob.ts';

/** @throws Fault `RepositoryNotFound`, `BlobUnknown` */
export async function getBlob(
  edge: Pick<OciEdge, 'metadata' | 'blobs' | 'frontServer'>,
  call: Call<'blob'>,
): Promise<Answer> {
  return serveBlob(edge, call.target, call);
}
