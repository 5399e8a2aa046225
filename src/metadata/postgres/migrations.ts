import { theTables } from './migrations/0001-the-tables.ts';
import { uploadsOfManyNames } from './migrations/0002-uploads-of-many-names.ts';
import { whatThePlannerIsTold } from './migrations/0003-what-the-planner-is-told.ts';
import { linksThatStayInPlace } from './migrations/0004-links-that-stay-in-place.ts';

export interface Migration {
  readonly name: string;
  /** What it does, for whoever reads the plan. */
  readonly note: string;
  readonly sql: string;
  /** The oldest schema version whose processes may go on when this has been applied. */
  readonly worksWith: number;
}

/**
 * In order; the first makes version 1. A released one is never edited. One that the processes of the version before cannot live
 * with is split: first what is added, in the next release what is taken away.
 */
export const MIGRATIONS: readonly Migration[] = [
  { name: 'the tables', note: 'makes every table', sql: theTables, worksWith: 1 },
  {
    name: 'uploads of many names',
    note: 'adds a column to upload, and a table for what uploads have in the store',
    sql: uploadsOfManyNames,
    worksWith: 1,
  },
  {
    name: 'what the planner is told',
    note: 'lets PostgreSQL plan for large repositories; holds everybody up for a moment',
    sql: whatThePlannerIsTold,
    worksWith: 1,
  },
  {
    name: 'links that stay in place',
    note: 'makes an index of repository_blob anew; holds up who writes while it reads that table once',
    sql: linksThatStayInPlace,
    worksWith: 1,
  },
];
