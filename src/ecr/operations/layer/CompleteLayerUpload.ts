import type { Upload } from '../../../metadata/uploads.ts';
import { type Digest, parseDigest } from '../../../model/digest.ts';
import { Fault } from '../../../model/fault.ts';
import { completeUpload } from '../../../registry/layer/complete-upload.ts';
import { factsOf, getUpload } from '../../../registry/layer/upload-session.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { CompleteLayerUploadRequest } from '../../shapes/layer.ts';

export const CompleteLayerUpload = (
  ports: Pick<EcrPorts, 'metadata' | 'blobs' | 'uploads' | 'clock' | 'retention'>,
): Operation<'CompleteLayerUpload'> => ({
  input: CompleteLayerUploadRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = { ...pathOf(input, call), uploadId: input.uploadId };
    const check = ({ parts, hasSmallPart }: Upload) => {
      if (parts === 0) throw new Fault('EmptyUpload', factsOf(path));
      if (hasSmallPart) throw new Fault('LayerPartTooSmall', {});
    };
    const layerDigest = onlyDigest(input.layerDigests);
    if (layerDigest === undefined) {
      check(await getUpload(ports, path));
      throw new Fault('InvalidLayer', { ...namesOf(path), layerDigest: input.layerDigests.join(', ') });
    }
    const { alreadyThere } = await completeUpload(ports, path, layerDigest, check);
    if (alreadyThere) throw new Fault('LayerAlreadyExists', { ...namesOf(path), layerDigest });
    return { ...namesOf(path), uploadId: input.uploadId, layerDigest };
  },
});

/** The list is a relic of digests of several kinds: the bytes have one, and every entry must be it. */
function onlyDigest(digests: readonly string[]): Digest | undefined {
  const [digest, ...others] = new Set(digests);
  return digest !== undefined && others.length === 0 ? parseDigest(digest) : undefined;
}
