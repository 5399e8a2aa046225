import { deleteWanted } from '../../registry/deletion/delete-wanted.ts';
import { authorizeFor } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { withTotal } from '../lines.ts';
import { parseInput } from '../parse-input.ts';
import { deletion } from '../shapes.ts';

/**
 * Deletes in batches: an entry a line for what is gone, as it goes, and the total. When the caller goes away, the batch in
 * hand is the last.
 *
 * @throws Fault `RepositoryNotFound`
 */
export const deleteTheImages: Endpoint = async (edge, call) => {
  const { repositoryName, wanted } = parseInput(deletion, call.input);
  const path = await authorizeFor(edge, call, 'ecr:BatchDeleteImage', repositoryName);
  return { lines: withTotal(deleteWanted(edge, path, wanted)) };
};
