import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import { usesDataFolder } from '../config/places.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import { type DataFolder, holdDataFolder } from '../data-folder/data-folder.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import type { PoolCounts } from '../metadata/postgres/connections.ts';
import { isFull } from '../metadata/sqlite/failure.ts';
import { isFault } from '../model/fault.ts';
import type { StorageKey } from '../model/ids.ts';
import { boundlessRoom, type Room } from '../model/room.ts';
import { StoreUnavailable } from '../model/store-unavailable.ts';
import { bindStores, type StoreIdentity } from './bind-stores.ts';
import type { Listener } from './listener.ts';
import { namesOf } from './names.ts';
import { openBlobs } from './open-blobs.ts';
import { openMetadata } from './open-metadata.ts';
import type { Places } from './places.ts';

/** Everything that is stored, wherever the settings have it. */
export interface Stores extends AsyncDisposable {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly room: Room;
  /** Where the file of a finished blob is, below the folder `blobs`; undefined where blobs are no files. */
  readonly pathBelowBlobs: ((key: StorageKey) => string) | undefined;
  /** The connections to a database server, now; undefined where there is none. */
  readonly pool: (() => PoolCounts) | undefined;
  /** Whether each store can be reached, by what it is called. They throw where it cannot. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
}

/**
 * Opens metadata and blobs, each where it is, and sees that they belong together. The data folder is held only if something
 * is in it; otherwise nothing is written to the disk of this machine.
 *
 * With `mustExist`, a database without tables is refused: there is nothing in it to look at.
 *
 * @throws StartupRefusal when one of them cannot be had, they do not belong together, or the disk is full
 */
export async function openStores(
  places: Places,
  listener: Listener,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const folder = usesDataFolder(places)
    ? opening.use(await holdDataFolder(places.dataDir, listener.onSpace))
    : undefined;
  try {
    const opened = await openBoth(places, { room: folder?.room ?? boundlessRoom, listener, mustExist }, opening);
    await folder?.prepared;
    const stores = opening.move();
    return { ...opened, [Symbol.asyncDispose]: () => stores.disposeAsync() };
  } catch (error) {
    throw refusalOfFullDisk(folder, error) ?? refusalOfSilence(error, places) ?? error;
  }
}

async function openBoth(
  places: Places,
  { room, listener, mustExist }: { readonly room: Room; readonly listener: Listener; readonly mustExist: boolean },
  opening: AsyncDisposableStack,
): Promise<Omit<Stores, typeof Symbol.asyncDispose>> {
  let stop = listener.onFatal;
  const bytes = opening.use(await openBlobs(places, { room, onFatal: (error) => stop(error) }));
  const { blobs, uploads, identity, pathBelowBlobs } = bytes;
  const opened = await openMetadata(places, { room, identity, listener, mustExist });
  const metadata = opening.use(opened.metadata);
  stop = opened.stop;
  const apart = places.database.kind !== 'sqlite' || places.blobs.kind !== 'files';
  await bindStores({ metadata, identity, names: namesOf(places), apart });
  const checks = {
    [places.database.kind === 'sqlite' ? 'metadata' : 'database']: () => metadata.read(async () => undefined),
    ...(places.blobs.kind === 's3' && { bucket: () => stillBound(identity) }),
  };
  return { metadata, blobs, uploads, room, pathBelowBlobs, pool: opened.pool, checks };
}

async function stillBound(identity: StoreIdentity): Promise<void> {
  if ((await identity.read()) === undefined) throw new Error('the bucket has lost its store-id');
}

function refusalOfFullDisk(folder: DataFolder | undefined, error: unknown): StartupRefusal | undefined {
  if (!folder || (!isFault(error, 'StorageFull') && !isFull(error))) return undefined;
  return new StartupRefusal(
    `the disk of the data folder ${folder.path} is full\nFree some space, or choose another folder with --data-dir.`,
    { cause: error },
  );
}

function refusalOfSilence(error: unknown, places: Places): StartupRefusal | undefined {
  if (!(error instanceof StoreUnavailable)) return undefined;
  const { metadata, blobs } = namesOf(places);
  const name = error.facts.store === 'database' ? metadata : blobs;
  const reason = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return new StartupRefusal(`${name} does not answer${reason}\nIs it running, and does this machine reach it?`, {
    cause: error,
  });
}
