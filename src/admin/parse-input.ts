import type { z } from 'zod';
import { Fault } from '../model/fault.ts';

const MAX_LENGTH = 300;

/**
 * The input after its shape and bounds were checked.
 *
 * @throws Fault `InvalidParameter` with the first thing that is wrong, and where
 */
export function parseInput<T>(shape: z.ZodType<T>, input: object): T {
  const parsed = shape.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // An unknown name is the caller's, and as long as the caller likes.
  const clip = (text: string) => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
  throw new Fault('InvalidParameter', {
    parameter: clip(pathOf(issue?.path ?? [])),
    constraint: clip(issue?.message ?? 'not accepted'),
  });
}

function pathOf(steps: readonly PropertyKey[]): string {
  const path = steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return path.replace(/^\./, '') || 'the request';
}
