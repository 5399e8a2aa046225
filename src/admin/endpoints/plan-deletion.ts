import { planDeletion } from '../../registry/deletion/plan-deletion.ts';
import { authorizeFor } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { withTotal } from '../lines.ts';
import { parseInput } from '../parse-input.ts';
import { deletion } from '../shapes.ts';

/**
 * What a deletion would do, without doing it: an entry a line, and the total. Whoever may delete may ask.
 *
 * @throws Fault `RepositoryNotFound`
 */
export const planTheDeletion: Endpoint = async (edge, call) => {
  const { repositoryName, wanted } = parseInput(deletion, call.input);
  const path = await authorizeFor(edge, call, 'ecr:BatchDeleteImage', repositoryName);
  return { lines: withTotal(planDeletion(edge, path, wanted)) };
};
