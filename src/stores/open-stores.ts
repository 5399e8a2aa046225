import type { BlobStore, UploadStore } from '../blobs/blob-store.ts';
import { usesDataFolder } from '../config/places.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import { type DataFolder, holdDataFolder } from '../data-folder/data-folder.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { isFull } from '../metadata/sqlite/failure.ts';
import { isFault } from '../model/fault.ts';
import type { StorageKey } from '../model/ids.ts';
import { boundlessRoom, type Room } from '../model/room.ts';
import { bindStores } from './bind-stores.ts';
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
}

/**
 * Opens metadata and blobs, each where it is, and sees that they belong together. The data folder is held only if something
 * is in it; otherwise nothing is written to the disk of this machine.
 *
 * @throws StartupRefusal when one of them cannot be had, they do not belong together, or the disk is full
 */
export async function openStores(places: Places, listener: Listener): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const folder = usesDataFolder(places)
    ? opening.use(await holdDataFolder(places.dataDir, listener.onSpace))
    : undefined;
  try {
    const opened = await openBoth(places, folder?.room ?? boundlessRoom, listener, opening);
    await folder?.prepared;
    const stores = opening.move();
    return { ...opened, [Symbol.asyncDispose]: () => stores.disposeAsync() };
  } catch (error) {
    throw refusalOfFullDisk(folder, error) ?? error;
  }
}

async function openBoth(
  places: Places,
  room: Room,
  listener: Listener,
  opening: AsyncDisposableStack,
): Promise<Omit<Stores, typeof Symbol.asyncDispose>> {
  let stop = listener.onFatal;
  const bytes = opening.use(await openBlobs(places, { room, onFatal: (error) => stop(error) }));
  const { blobs, uploads, identity, pathBelowBlobs } = bytes;
  const opened = await openMetadata(places, { room, identity, listener });
  const metadata = opening.use(opened.metadata);
  stop = opened.stop;
  const apart = places.database.kind !== 'sqlite' || places.blobs.kind !== 'files';
  await bindStores({ metadata, identity, names: namesOf(places), apart });
  return { metadata, blobs, uploads, room, pathBelowBlobs };
}

function refusalOfFullDisk(folder: DataFolder | undefined, error: unknown): StartupRefusal | undefined {
  if (!folder || (!isFault(error, 'StorageFull') && !isFull(error))) return undefined;
  return new StartupRefusal(
    `the disk of the data folder ${folder.path} is full\nFree some space, or choose another folder with --data-dir.`,
    { cause: error },
  );
}
