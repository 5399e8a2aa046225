import { beginUpload } from '../../../registry/layer/upload-session.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { InitiateLayerUploadRequest } from '../../shapes/layer.ts';

/** The size of part that ECR announces (fidelity facts, section 4.4). */
const PART_SIZE = 10_485_760;

export const InitiateLayerUpload = (
  ports: Pick<EcrPorts, 'metadata' | 'clock' | 'ids' | 'retention'>,
): Operation<'InitiateLayerUpload'> => ({
  input: InitiateLayerUploadRequest,
  resource: arnOf,
  run: async (input, call) => ({ uploadId: await beginUpload(ports, pathOf(input, call)), partSize: PART_SIZE }),
});
