import { untagResource } from '../../../registry/repository/resource-tags.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { canonicalArn } from '../../repository-path.ts';
import { UntagResourceRequest } from '../../shapes/tagging.ts';

export const UntagResource = (ports: Pick<EcrPorts, 'metadata'>): Operation<'UntagResource'> => ({
  input: UntagResourceRequest,
  resource: canonicalArn,
  run: async (input) => {
    await untagResource(ports, input.resourceArn, input.tagKeys);
    return {};
  },
});
