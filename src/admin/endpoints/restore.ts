import { z } from 'zod';
import { restoreImages, restoreRepository } from '../../registry/deletion/restore.ts';
import { authorizeFor } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { imageIds, repositoryName, shapeOf } from '../shapes.ts';

const only = z.literal(true, 'Must be true, or left out').exactOptional();

const input = z
  .strictObject(
    { repositoryName, imageIds: imageIds.exactOptional(), all: only, repository: only },
    { error: shapeOf('repositoryName, and imageIds, all or repository') },
  )
  .refine(({ repositoryName: _, ...given }) => Object.keys(given).length === 1, {
    error: 'Must have exactly one of imageIds, all and repository',
  });

/**
 * Brings deleted images back, with their tags, or a deleted repository with all that it had.
 *
 * @throws Fault `RepositoryNotFound`, `RepositoryAlreadyExists`
 */
export const restore: Endpoint = async (edge, call) => {
  const wanted = parseInput(input, call.input);
  const path = await authorizeFor(edge, call, 'berth:RestoreImages', wanted.repositoryName);
  if (wanted.repository === true) return { json: await restoreRepository(edge, path) };
  return { json: await restoreImages(edge, path, wanted.imageIds ?? 'all') };
};
