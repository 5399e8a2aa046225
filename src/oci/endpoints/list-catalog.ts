import { listRepositories } from '../../registry/repository/list-repositories.ts';
import { type Answer, type Call, jsonBody } from '../call.ts';
import { linkToNext } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { findLast, getPageSize } from '../query.ts';

/**
 * The registry's repositories in order of their bytes, those after `last`, at most `n` of them.
 *
 * @throws Fault `InvalidParameter`, `MalformedRequest`
 */
export async function listCatalog(edge: Pick<OciEdge, 'metadata'>, call: Call<'catalog'>): Promise<Answer> {
  const limit = getPageSize(call.query);
  const page = await listRepositories(edge, call.target.registry, { after: findLast(call.query), limit });
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      ...linkToNext(call, '_catalog', page.next, [['n', String(limit)]]),
    },
    body: jsonBody({ repositories: page.items.map((repository) => repository.name) }),
  };
}
