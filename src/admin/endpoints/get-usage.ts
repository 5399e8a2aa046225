import { z } from 'zod';
import { readRegistryUsage } from '../../registry/usage/read-usage.ts';
import { authorize } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { shapeOf } from '../shapes.ts';

const input = z.strictObject({}, { error: shapeOf('no parameters') });

/** What the registry uses, and what is on disk, whoever it belongs to. */
export const getUsage: Endpoint = async (edge, call) => {
  parseInput(input, call.input);
  await authorize(edge, call, 'berth:GetUsage');
  return { json: await readRegistryUsage(edge, call.registry) };
};
