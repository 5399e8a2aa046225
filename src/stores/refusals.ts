import { StartupRefusal } from '../config/startup-refusal.ts';
import { isFull } from '../metadata/sqlite/failure.ts';
import { isFault } from '../model/fault.ts';
import { reasonOf, StoreUnavailable } from '../model/store-unavailable.ts';
import { namesOf } from './names.ts';
import type { Places } from './places.ts';

/** What went wrong with stores while they were opened, in words; undefined for what has none, which is an error of ours. */
export function asRefusal(error: unknown, places: Places): StartupRefusal | undefined {
  if (error instanceof StartupRefusal) return error;
  if (isFault(error, 'StorageFull') || isFull(error)) return full(error, places);
  if (error instanceof StoreUnavailable) return silent(error, places);
  return undefined;
}

function full(error: unknown, { dataDir }: Places): StartupRefusal {
  return new StartupRefusal(
    `the disk of the data folder ${dataDir} is full\nFree some space, or choose another folder with --data-dir.`,
    { cause: error },
  );
}

function silent(error: StoreUnavailable, places: Places): StartupRefusal {
  const { metadata, blobs } = namesOf(places);
  const name = error.facts.store === 'database' ? metadata : blobs;
  return new StartupRefusal(
    `${name} does not answer (${reasonOf(error)})\nIs it running, and does this machine reach it?`,
    {
      cause: error,
    },
  );
}
