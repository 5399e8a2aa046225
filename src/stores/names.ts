import { join } from 'node:path';
import { showBlobs, showDatabase } from '../config/places.ts';
import type { Settings } from '../config/settings.ts';

/** What people call the two halves of a registry. */
export interface Names {
  readonly metadata: string;
  readonly blobs: string;
}

export function namesOf({ dataDir, database, blobs }: Pick<Settings, 'dataDir' | 'database' | 'blobs'>): Names {
  return {
    metadata: database.kind === 'sqlite' ? join(dataDir, 'berth.db') : `the database ${showDatabase(database)}`,
    blobs: blobs.kind === 'files' ? `the data folder ${dataDir}` : `the bucket ${showBlobs(blobs)}`,
  };
}
