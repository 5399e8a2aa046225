import type { Answer, Call } from '../call.ts';
import { uploadHeaders } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { orWhereItStands, receiveChunk } from '../receive-chunk.ts';

/** @throws Fault `RepositoryNotFound`, `UploadNotFound`, `UploadTooLarge` */
export async function appendUpload(
  edge: Pick<OciEdge, 'metadata' | 'uploads' | 'clock' | 'retention'>,
  call: Call<'upload'>,
): Promise<Answer> {
  return orWhereItStands(call, async () => {
    const upload = await receiveChunk(edge, call);
    return { status: 202, headers: uploadHeaders(call, upload) };
  });
}
