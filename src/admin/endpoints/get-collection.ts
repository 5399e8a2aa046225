import { z } from 'zod';
import { readCollectionStatus } from '../../registry/collection/status.ts';
import type { Collector } from '../../workers/collector.ts';
import { authorize } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { shapeOf } from '../shapes.ts';

const input = z.strictObject({}, { error: shapeOf('no parameters') });

/** What waits for collection, and how the last round went. */
export const getCollection: Endpoint = async (edge, call) => {
  parseInput(input, call.input);
  await authorize(edge, call, 'berth:GetUsage');
  return { json: { ...(await readCollectionStatus(edge)), lastRound: describe(edge.collector.last) } };
};

/** An error is no JSON by itself. Its message is for the operator, who has the log as well. */
function describe(round: Collector['last']): object | undefined {
  if (round === undefined) return undefined;
  const { outcome, ...times } = round;
  return outcome instanceof Error ? { ...times, error: outcome.message } : { ...times, collected: outcome };
}
