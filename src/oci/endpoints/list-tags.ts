import { listTags } from '../../registry/image/list-images.ts';
import { type Answer, type Call, jsonBody } from '../call.ts';
import { linkToNext } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { findLast, getPageSize } from '../query.ts';

/**
 * Tags in order of their bytes, those after `last`, at most `n` of them.
 *
 * @throws Fault `RepositoryNotFound`, `InvalidParameter`, `MalformedRequest`
 */
export async function listRepositoryTags(edge: Pick<OciEdge, 'metadata'>, call: Call<'tags'>): Promise<Answer> {
  const { repositoryName } = call.target;
  const limit = getPageSize(call.query);
  const page = await listTags(edge, call.target, { after: findLast(call.query), limit });
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      ...linkToNext(call, `${repositoryName}/tags/list`, page.next, [['n', String(limit)]]),
    },
    body: jsonBody({ name: repositoryName, tags: page.items }),
  };
}
