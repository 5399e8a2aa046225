import { parse } from '../../../src/aws/shapes/parse.ts';
import type { Structure } from '../../../src/aws/shapes/shape.ts';
import { Fault } from '../../../src/model/fault.ts';

/** The sentence a shape refuses `json` with, after its code; `accepted` if it does not. Anything but a fault is passed on. */
export function refusal<T>(shape: Structure<T>, json: unknown): string {
  try {
    parse(shape, json);
    return 'accepted';
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** AWS's sentence for a violated constraint. */
export function violation(path: string, constraint: string): string {
  return `InvalidParameter: Invalid parameter at '${path}' failed to satisfy constraint: '${constraint}'`;
}
