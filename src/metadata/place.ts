import { type Expression, isExpression } from 'kysely';

/** What a statement may be given for a place: lists go as one parameter. */
export type Value = string | number | null | Uint8Array | readonly (string | number)[];

/** What a query is given, by name. */
export type Values<Given> = { readonly [Name in keyof Given]: Value };

/** Stands in a query that is built once where a value will be. */
export class Place {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}

/** A list as one parameter, in JSON; the place of a list as it is, and a column that has it. */
export function listParameter(
  values: readonly (string | number)[] | Place | Expression<unknown>,
): string | Place | Expression<unknown> {
  return values instanceof Place || isExpression(values) ? values : JSON.stringify(values);
}
