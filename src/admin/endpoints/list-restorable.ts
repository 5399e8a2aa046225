import { z } from 'zod';
import { listRestorable } from '../../registry/deletion/list-restorable.ts';
import { authorizeFor } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { page, repositoryName, shapeOf } from '../shapes.ts';

const input = z.strictObject({ name: repositoryName, ...page }, { error: shapeOf('name, after and limit') });

/**
 * A page of the images that can still be brought back to a repository.
 *
 * @throws Fault `RepositoryNotFound`
 */
export const listRestorableImages: Endpoint = async (edge, call) => {
  const { name, ...wanted } = parseInput(input, call.input);
  const path = await authorizeFor(edge, call, 'berth:RestoreImages', name);
  const { items, next } = await listRestorable(edge, path, wanted);
  return { json: { images: items, next } };
};
