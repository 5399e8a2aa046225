/**
 * What Berth uses of `node:http`. An import of that module reads every one of its members, some of which load the whole of
 * `fetch` when they are read: a tenth of a start.
 */
export const { METHODS, STATUS_CODES } = process.getBuiltinModule('node:http');
