import { z } from 'zod';
import { readRepositoryUsage } from '../../registry/usage/read-usage.ts';
import { authorizeFor } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { repositoryName, shapeOf } from '../shapes.ts';

const input = z.strictObject({ name: repositoryName }, { error: shapeOf('name') });

/**
 * What one repository uses.
 *
 * @throws Fault `RepositoryNotFound`
 */
export const getRepositoryUsage: Endpoint = async (edge, call) => {
  const { name } = parseInput(input, call.input);
  const path = await authorizeFor(edge, call, 'berth:GetUsage', name);
  return { json: { repositoryName: name, usage: await readRepositoryUsage(edge, path) } };
};
