import { hasDigestSyntax } from '../../../model/digest.ts';
import { promiseBlobs } from '../../../registry/layer/find-blobs.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { BatchCheckLayerAvailabilityRequest } from '../../shapes/layer.ts';

/** A layer that is not there is an answer, not a failure; only a digest that is none fails (fidelity facts, section 4.4). */
export const BatchCheckLayerAvailability = (
  ports: Pick<EcrPorts, 'metadata' | 'blobs' | 'clock' | 'retention'>,
): Operation<'BatchCheckLayerAvailability'> => ({
  input: BatchCheckLayerAvailabilityRequest,
  resource: arnOf,
  run: async (input, call) => {
    const digests = input.layerDigests.filter(hasDigestSyntax);
    const found = new Map((await promiseBlobs(ports, pathOf(input, call), digests)).map((blob) => [blob.digest, blob]));
    return {
      layers: digests.map((layerDigest) => {
        const blob = found.get(layerDigest);
        return blob
          ? { layerDigest, layerAvailability: 'AVAILABLE' as const, layerSize: blob.size, mediaType: blob.mediaType }
          : { layerDigest, layerAvailability: 'UNAVAILABLE' as const };
      }),
      failures: input.layerDigests.filter((digest) => !hasDigestSyntax(digest)).map(describeFailure),
    };
  },
});

function describeFailure(layerDigest: string) {
  return layerDigest === ''
    ? {
        layerDigest,
        failureCode: 'MissingLayerDigest' as const,
        failureReason: 'Invalid request parameters: layer digest cannot be null',
      }
    : {
        layerDigest,
        failureCode: 'InvalidLayerDigest' as const,
        failureReason:
          "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
      };
}
