import { z } from 'zod';
import { authorize } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseInput } from '../parse-input.ts';
import { shapeOf } from '../shapes.ts';

const input = z.strictObject(
  { wait: z.boolean('Must be true or false').default(true) },
  { error: shapeOf('wait, which is true or false') },
);

/** Runs a round of collection at once, or joins the one under way. Answers when it is over, unless `wait` is false. */
export const runCollection: Endpoint = async (edge, call) => {
  const { wait } = parseInput(input, call.input);
  await authorize(edge, call, 'berth:RunCollection');
  const round = edge.collector.run();
  if (wait) return { json: { collected: await round } };
  round.catch(call.onError);
  return { status: 202, json: { started: true } };
};
