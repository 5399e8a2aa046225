import { usesDataFolder } from '../config/places.ts';
import { holdDataFolder } from '../data-folder/data-folder.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import type { PoolCounts } from '../metadata/postgres/connections.ts';
import { boundlessRoom, type Room } from '../model/room.ts';
import type { Around } from './around.ts';
import { bindStores, type StoreIdentity } from './bind-stores.ts';
import type { Bytes } from './bytes.ts';
import { namesOf } from './names.ts';
import { openBlobs } from './open-blobs.ts';
import { openMetadata } from './open-metadata.ts';
import type { Places } from './places.ts';
import { asRefusal } from './refusals.ts';

/** Everything that is stored, wherever the settings have it. */
export interface Stores extends Omit<Bytes, 'identity'> {
  readonly metadata: MetadataStore;
  readonly room: Room;
  /** The connections to a database server, now; undefined where there is none. */
  readonly pool: (() => PoolCounts) | undefined;
  /** Whether each store can be reached, by what it is called. They throw where it cannot. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
}

/**
 * Opens metadata and blobs, each where it is, and sees that they belong together. The data folder is held only if something
 * is in it; otherwise nothing is written to the disk of this machine.
 *
 * @throws StartupRefusal when one of them cannot be had, they do not belong together, or the disk is full
 */
export async function openStores(places: Places, around: Around): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const folder = usesDataFolder(places)
    ? opening.use(await holdDataFolder(places.dataDir, around.listener.onSpace))
    : undefined;
  try {
    const opened = await openBoth(places, around, { room: folder?.room ?? boundlessRoom, opening });
    await folder?.prepared;
    const stores = opening.move();
    return { ...opened, [Symbol.asyncDispose]: () => stores.disposeAsync() };
  } catch (error) {
    throw asRefusal(error, places) ?? error;
  }
}

async function openBoth(
  places: Places,
  around: Around,
  { room, opening }: { readonly room: Room; readonly opening: AsyncDisposableStack },
): Promise<Omit<Stores, typeof Symbol.asyncDispose>> {
  let stop = around.listener.onFatal;
  const bytes = opening.use(await openBlobs(places, around, { room, onFatal: (error) => stop(error) }));
  const { blobs, uploads, identity, pathBelowBlobs } = bytes;
  const { pool, ...opened } = await openMetadata(places, around, { room, identity });
  const metadata = opening.use(opened.metadata);
  stop = opened.stop;
  const apart = places.database.kind !== 'sqlite' || places.blobs.kind !== 'files';
  await bindStores({ metadata, identity, names: namesOf(places), apart });
  const checks = {
    [places.database.kind === 'sqlite' ? 'metadata' : 'database']: () => metadata.read(async () => undefined),
    ...(places.blobs.kind === 's3' && { bucket: () => stillBound(identity) }),
  };
  return { metadata, blobs, uploads, room, pathBelowBlobs, pool, checks };
}

async function stillBound(identity: StoreIdentity): Promise<void> {
  if ((await identity.read()) === undefined) throw new Error('the bucket has lost its store-id');
}
