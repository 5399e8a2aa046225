import { StartupRefusal } from '../config/startup-refusal.ts';
import { PostgresMetadata } from '../metadata/postgres/postgres-metadata.ts';
import { DatabaseUnreachable } from '../metadata/postgres/reach.ts';
import { SchemaAhead, SchemaBehind } from '../metadata/postgres/schema-version.ts';
import type { Around } from './around.ts';
import { lostDatabase, type StoreIdentity } from './bind-stores.ts';
import { namesOf } from './names.ts';
import type { Places } from './places.ts';

/** In milliseconds: how long a request waits for a connection. */
const CONNECT_TIMEOUT = 5_000;

/**
 * Opens the database at `url`. In an empty one the tables are made, unless there are bytes that must have had another:
 * `identity` is of the bytes that it goes with.
 *
 * @throws StartupRefusal
 */
export async function openPostgres(
  url: string,
  places: Places,
  { listener, mustExist = false }: Around,
  identity: StoreIdentity,
): Promise<PostgresMetadata> {
  try {
    const hasBytes = (await identity.read()) !== undefined;
    return await PostgresMetadata.open({
      url,
      pool: places.databasePool,
      statementTimeout: places.databaseTimeout,
      connectTimeout: CONNECT_TIMEOUT,
      onWarning: listener.onWarning,
      onRetry: listener.counts.noteRetry,
      whenEmpty: () => {
        const names = namesOf(places);
        if (hasBytes) throw lostDatabase(names, 'is empty');
        if (mustExist) throw new StartupRefusal(`${names.metadata} is empty`);
      },
    });
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** What says by itself what is wrong and what to do. */
export function refusalOf(error: unknown): StartupRefusal | undefined {
  const speaks = [DatabaseUnreachable, SchemaBehind, SchemaAhead].some((kind) => error instanceof kind);
  return speaks && error instanceof Error ? new StartupRefusal(error.message, { cause: error }) : undefined;
}
