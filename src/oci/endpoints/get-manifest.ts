import { getImage } from '../../registry/image/find-images.ts';
import { cacheHeaders, isKnown, notModified } from '../caching.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';

/**
 * The manifest byte for byte as it was pushed, under the media type it was pushed with, whatever Accept says: converted, it
 * would be another image. GET counts as a pull, HEAD does not; so does one that is answered with "not modified", for whoever asks
 * is about to use the image.
 *
 * @throws Fault `RepositoryNotFound`, `ManifestUnknown`
 */
export async function getManifest(edge: Pick<OciEdge, 'metadata' | 'pulls'>, call: Call<'manifest'>): Promise<Answer> {
  const counts = call.method === 'GET';
  const { reference } = call.target;
  const { bytes, digest, mediaType } = await getImage(edge, call.target, reference, { counts });
  const cached = cacheHeaders(digest, reference.digest === undefined ? 'tag' : 'digest');
  const answer = {
    status: 200,
    headers: {
      'Content-Type': mediaType,
      'Content-Length': String(bytes.byteLength),
      'Docker-Content-Digest': digest,
      ...cached,
    },
    body: bytes,
  };
  return isKnown(call.headers['if-none-match'], digest) ? notModified(answer.headers) : answer;
}
