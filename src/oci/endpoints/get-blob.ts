import type { Answer, Call } from '../call.ts';
import { type ServesBlobs, serveBlob } from '../serve-blob.ts';

/** @throws Fault `RepositoryNotFound`, `BlobUnknown` */
export async function getBlob(edge: ServesBlobs, call: Call<'blob'>): Promise<Answer> {
  return serveBlob(edge, call.target, call);
}
