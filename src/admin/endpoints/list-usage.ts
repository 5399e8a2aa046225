import { z } from 'zod';
import { listRepositoryUsage } from '../../registry/usage/read-usage.ts';
import { authorize } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { page, shapeOf } from '../shapes.ts';

const input = z.strictObject(page, { error: shapeOf('after and limit') });

/** A page of the registry's repositories with what each uses, in order of name. */
export const listUsage: Endpoint = async (edge, call) => {
  const wanted = parseInput(input, call.input);
  await authorize(edge, call, 'berth:GetUsage');
  const { items, next } = await listRepositoryUsage(edge, call.registry, wanted);
  return { json: { repositories: items, next } };
};
