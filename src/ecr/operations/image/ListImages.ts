import { type IdentifierKey, listImages } from '../../../registry/image/list-images.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { wantsActive, wantsTagged } from '../../paging.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { ListImagesRequest } from '../../shapes/image-list.ts';

const DEFAULT_PAGE = 100;

export const ListImages = (ports: Pick<EcrPorts, 'metadata' | 'pageTokens'>): Operation<'ListImages'> => ({
  input: ListImagesRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const tagged = wantsTagged(input.filter);
    const active = wantsActive(input.filter?.imageStatus);
    const listing = ['ListImages', path.registry.id, path.registry.region, path.repositoryName, tagged, active];
    const after = ports.pageTokens.open<IdentifierKey>(listing, input.nextToken);
    const limit = input.maxResults ?? DEFAULT_PAGE;
    const { items, next } = await listImages(ports, path, { tagged, after, limit });
    if (!active) return { imageIds: [] };
    return {
      imageIds: items.map(({ digest, tag }) => ({ imageDigest: digest, imageTag: tag })),
      nextToken: ports.pageTokens.seal(listing, next),
    };
  },
});
