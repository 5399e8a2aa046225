import { tagResource } from '../../../registry/repository/resource-tags.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { canonicalArn } from '../../repository-path.ts';
import { TagResourceRequest } from '../../shapes/tagging.ts';

export const TagResource = (ports: Pick<EcrPorts, 'metadata'>): Operation<'TagResource'> => ({
  input: TagResourceRequest,
  resource: canonicalArn,
  run: async (input) => {
    await tagResource(
      ports,
      input.resourceArn,
      input.tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    );
    return {};
  },
});
