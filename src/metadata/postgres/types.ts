import pg from 'pg';

const { builtins } = pg.types;

/** Numbers of the schema are instants in milliseconds, bytes and counts: all are exact as JavaScript's. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [builtins.INT8]: Number,
  [builtins.NUMERIC]: Number,
  // Flags are 0 or 1, as everywhere in the schema.
  [builtins.BOOL]: (text) => (text === 't' ? 1 : 0),
};

/** How values of the database become those of the program. */
export const sessionTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers[oid]) ||
    pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};
