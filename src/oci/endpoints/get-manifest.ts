import { getImage } from '../../registry/image/find-images.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';

/**
 * The manifest byte for byte as it was pushed, under the media type it was pushed with, whatever Accept says: converted, it
 * would be another image. GET counts as a pull, HEAD does not.
 *
 * @throws Fault `RepositoryNotFound`, `ManifestUnknown`
 */
export async function getManifest(edge: Pick<OciEdge, 'metadata' | 'pulls'>, call: Call<'manifest'>): Promise<Answer> {
  const counts = call.method === 'GET';
  const { bytes, digest, mediaType } = await getImage(edge, call.target, call.target.reference, { counts });
  return {
    status: 200,
    headers: {
      'Content-Type': mediaType,
      'Content-Length': String(bytes.byteLength),
      'Docker-Content-Digest': digest,
      ETag: `"${digest}"`,
    },
    body: bytes,
  };
}
