import { z } from 'zod';
import { checkStore } from '../../registry/fsck/check-store.ts';
import type { Finding } from '../../registry/fsck/finding.ts';
import { authorize } from '../call.ts';
import type { Endpoint } from '../endpoint.ts';
import { withTotal } from '../lines.ts';
import { parseInput } from '../parse-input.ts';
import { shapeOf } from '../shapes.ts';

const choice = z.boolean('Must be true or false').default(false);
const input = z.strictObject(
  { deep: choice, repair: choice, force: choice },
  { error: shapeOf('deep, repair and force') },
);

/** Holds the metadata and the bytes of all registries against each other: a finding a line, and the total. */
export const checkTheStore: Endpoint = async (edge, call) => {
  const options = parseInput(input, call.input);
  await authorize(edge, call, 'berth:CheckStore');
  return { lines: withTotal(checkStore(edge, options), lineOf) };
};

/** Every line says of what kind it is, so what a finding is about has another name. */
export function lineOf({ kind, ...finding }: Finding): object {
  return { kind: 'finding', problem: kind, ...finding };
}
