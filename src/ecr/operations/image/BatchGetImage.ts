import { convertManifest } from '../../../registry/image/convert-manifest.ts';
import { findImages } from '../../../registry/image/find-images.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import { describeFailures } from '../../image-failures.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { BatchGetImageRequest } from '../../shapes/image.ts';

/** A manifest is converted to an accepted media type only when it is asked for by tag (fidelity facts, section 4.3). */
export const BatchGetImage = (ports: Pick<EcrPorts, 'metadata' | 'pulls'>): Operation<'BatchGetImage'> => ({
  input: BatchGetImageRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const { images, failures } = await findImages(ports, path, input.imageIds);
    return {
      images: images.map(({ imageId, manifest, byTag }) => {
        const { mediaType, bytes } = byTag ? convertManifest(manifest, input.acceptedMediaTypes ?? []) : manifest;
        return {
          ...namesOf(path),
          imageId,
          imageManifest: Buffer.from(bytes).toString('utf8'),
          imageManifestMediaType: mediaType,
          // In no model, and in every answer that was recorded (fidelity facts, section 2.4).
          imageManifestSize: bytes.byteLength,
        };
      }),
      failures: describeFailures(failures),
    };
  },
});
