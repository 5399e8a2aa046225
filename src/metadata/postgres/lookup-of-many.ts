import { sql } from 'kysely';
import type { Lookup } from '../lookup.ts';
import type { Value } from '../place.ts';
import { prepare } from '../prepared.ts';

export type Given = Readonly<Record<string, Value>>;
export type AnyLookup = Lookup<Given, unknown>;

/** Asks a lookup for many at once, given as JSON records, each with a number, `asked`, which is in every row of its answer. */
export type LookupOfMany = ReturnType<typeof prepare<{ readonly records: string }, { readonly asked: number }>>;

const known = new WeakMap<AnyLookup, LookupOfMany>();

export function lookupOfMany(lookup: AnyLookup): LookupOfMany {
  let ofMany = known.get(lookup);
  if (ofMany === undefined) {
    ofMany = ofEach(lookup);
    known.set(lookup, ofMany);
  }
  return ofMany;
}

/** The lookup's own query, given the columns of a record instead of values. */
function ofEach(lookup: AnyLookup): LookupOfMany {
  return prepare((db, { records }: { readonly records: string }, dialect) => {
    const { given, columns } = columnsInPlace();
    const answer = lookup.build(db, given, dialect);
    return sql<{ readonly asked: number }>`SELECT given.asked, answer.*
      FROM ${dialect.recordsIn(records, columns)} AS given CROSS JOIN LATERAL ${answer} AS answer`;
  });
}

/** For whatever a query asks to be given, a column; all of which `columns` has afterwards. A list is JSON in there. */
function columnsInPlace() {
  const columns: Record<string, 'text' | 'number'> = { asked: 'number' };
  const get = (_: object, name: string) => {
    columns[name] = 'text';
    return sql.ref(`given.${name}`);
  };
  return { given: new Proxy<Given>({}, { get }), columns };
}
