import { Fault } from '../../model/fault.ts';
import { deleteImages } from '../../registry/deletion/delete-images.ts';
import type { Answer, Call } from '../call.ts';
import type { OciEdge } from '../oci-edge.ts';

/**
 * Deletes a tag, or an image with all its tags, by the rule of BatchDeleteImage: with its last tag an image goes. One that an
 * index lists stays then, without a tag.
 *
 * @throws Fault `RepositoryNotFound`, `ManifestUnknown`; `Unsupported` for an image that an index lists
 */
export async function deleteManifest(
  edge: Pick<OciEdge, 'metadata' | 'clock' | 'retention'>,
  { target }: Call<'manifest'>,
): Promise<Answer> {
  const { tag, digest } = target.reference;
  const { failures } = await deleteImages(edge, target, [{ imageTag: tag, imageDigest: digest }], 'goes');
  const [failure] = failures;
  if (failure?.code === 'ImageNotFound') throw new Fault('ManifestUnknown', {});
  if (failure) throw new Fault('Unsupported', { reason: failure.reason });
  return { status: 202 };
}
