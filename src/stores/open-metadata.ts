import { join } from 'node:path';
import { exists } from '../data-folder/exists.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import type { PoolCounts } from '../metadata/postgres/connections.ts';
import { SqliteMetadata } from '../metadata/sqlite/sqlite-metadata.ts';
import type { Room } from '../model/room.ts';
import type { Around } from './around.ts';
import { lostDatabase, type StoreIdentity } from './bind-stores.ts';
import type { Listener } from './listener.ts';
import { namesOf } from './names.ts';
import type { Places } from './places.ts';
import { stoppable } from './stoppable.ts';

export interface OpenMetadata {
  readonly metadata: MetadataStore;
  /** Refuses everything from now on, and tells the listener: the disk below the bytes has failed. */
  readonly stop: (error: Error) => void;
  /** The connections to a database server, now. */
  readonly pool: (() => PoolCounts) | undefined;
}

/** What the metadata goes with. */
interface Beside {
  readonly room: Room;
  /** Of the bytes. */
  readonly identity: StoreIdentity;
}

/** @throws StartupRefusal */
export async function openMetadata(places: Places, around: Around, beside: Beside): Promise<OpenMetadata> {
  const { database } = places;
  if (database.kind === 'sqlite') return openSqlite(places, around.listener, beside);
  // Loaded where it is needed: most servers on a laptop have no use for a client of PostgreSQL.
  const { openPostgres } = await import('./open-postgres.ts');
  const opened = await openPostgres(database.url, places, around, beside.identity);
  const { metadata, stop } = stoppable(opened, around.listener.onFatal);
  return { metadata, stop, pool: () => opened.pool };
}

async function openSqlite(places: Places, listener: Listener, { room, identity }: Beside): Promise<OpenMetadata> {
  const path = join(places.dataDir, 'berth.db');
  if (!(await exists(path)) && (await identity.read()) !== undefined) {
    throw lostDatabase(namesOf(places), 'is missing');
  }
  const metadata = new SqliteMetadata(path, { room, onFatal: listener.onFatal, onWarning: listener.onWarning });
  return { metadata, stop: (error) => metadata.stop(error), pool: undefined };
}
