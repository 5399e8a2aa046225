import { checkValue } from './check-value.ts';
import type { ParsedOf } from './parsed.ts';
import { readValue } from './read-value.ts';
import type { Structure } from './shape.ts';

/**
 * Makes a request's input from JSON. Types are settled for the whole of it before any constraint is looked at, as a service
 * deserialises before it validates. Members nobody declared are ignored; `null` is absence; names are case-sensitive.
 *
 * @throws Fault MalformedRequest if a value has the wrong JSON type, InvalidParameter if it violates a constraint
 */
export function parse<T>(shape: Structure<T>, json: unknown): ParsedOf<T> {
  const value = readValue(shape, json, '');
  checkValue(shape, value, '');
  return value as ParsedOf<T>;
}
