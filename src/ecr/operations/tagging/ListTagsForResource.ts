import { listResourceTags } from '../../../registry/repository/resource-tags.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { canonicalArn } from '../../repository-path.ts';
import { ListTagsForResourceRequest } from '../../shapes/tagging.ts';

export const ListTagsForResource = (ports: Pick<EcrPorts, 'metadata'>): Operation<'ListTagsForResource'> => ({
  input: ListTagsForResourceRequest,
  resource: canonicalArn,
  run: async (input) => {
    const tags = await listResourceTags(ports, input.resourceArn);
    return { tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
  },
});
