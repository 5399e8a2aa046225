import { deleteImages } from '../../../registry/deletion/delete-images.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import { describeFailures } from '../../image-failures.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { BatchDeleteImageRequest } from '../../shapes/image.ts';

/** Answers with success even when every identifier failed; both lists are always there (fidelity facts, section 1.1). */
export const BatchDeleteImage = (
  ports: Pick<EcrPorts, 'metadata' | 'clock' | 'retention'>,
): Operation<'BatchDeleteImage'> => ({
  input: BatchDeleteImageRequest,
  resource: arnOf,
  run: async (input, call) => {
    const { deleted, failures } = await deleteImages(ports, pathOf(input, call), input.imageIds);
    return { imageIds: deleted, failures: describeFailures(failures) };
  },
});
